// A ZIP written while its members arrive: stored, not compressed (sound does not shrink). APPNOTE.TXT 6.3.10, 4.3.

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export class ZipWriter {
  constructor() {
    this.parts = [];
    this.entries = [];
    this.offset = 0;
  }

  add(name, bytes, date = new Date()) {
    const entry = { name: new TextEncoder().encode(name), size: bytes.length, crc: crc32(bytes), offset: this.offset, ...dosTime(date) };
    this.push(header(0x04034b50, entry, false), entry.name, bytes);
    this.entries.push(entry);
  }

  finish() {
    const start = this.offset;
    for (const entry of this.entries) this.push(header(0x02014b50, entry, true), entry.name);
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, this.entries.length, true);
    end.setUint16(10, this.entries.length, true);
    end.setUint32(12, this.offset - start, true);
    end.setUint32(16, start, true);
    this.push(new Uint8Array(end.buffer));
    return new Blob(this.parts, { type: "application/zip" });
  }

  push(...parts) {
    for (const part of parts) {
      this.parts.push(part);
      this.offset += part.length;
    }
  }
}

function header(signature, entry, central) {
  const fixed = new DataView(new ArrayBuffer(central ? 46 : 30));
  const skip = central ? 2 : 0;
  fixed.setUint32(0, signature, true);
  if (central) fixed.setUint16(4, 20, true);
  fixed.setUint16(4 + skip, 20, true);
  fixed.setUint16(6 + skip, 0x0800, true); // names are UTF-8
  fixed.setUint16(10 + skip, entry.time, true);
  fixed.setUint16(12 + skip, entry.day, true);
  fixed.setUint32(14 + skip, entry.crc, true);
  fixed.setUint32(18 + skip, entry.size, true);
  fixed.setUint32(22 + skip, entry.size, true);
  fixed.setUint16(26 + skip, entry.name.length, true);
  if (central) fixed.setUint32(42, entry.offset, true);
  return new Uint8Array(fixed.buffer);
}

function dosTime(date) {
  return {
    time: (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1),
    day: ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
  };
}
