"""Measurements that print and save figures. `make bench` runs those that need nothing but this machine."""
