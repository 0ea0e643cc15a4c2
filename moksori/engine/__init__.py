"""What can speak: the protocol, its registry, and one file per engine."""
