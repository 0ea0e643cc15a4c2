// What this browser remembers: theme, language, the draft being typed. The server keeps everything else.

export function kept(name, fallback = null) {
  try {
    const found = localStorage.getItem(`moksori.${name}`);
    return found === null ? fallback : JSON.parse(found);
  } catch {
    return fallback;
  }
}

export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(`moksori.${name}`);
    else localStorage.setItem(`moksori.${name}`, JSON.stringify(value));
  } catch {
    // A full or forbidden store loses a convenience, nothing that was made.
  }
}
