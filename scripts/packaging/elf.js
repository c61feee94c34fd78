"use strict";

// What a shared library of Linux (ELF, 64 bits, little-endian: all that there are packages for) asks of the system, read
// from the file, so that no binutils are needed. The layouts are those of <elf.h>.

const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_DYNAMIC = 6;
const SHT_GNU_VERNEED = 0x6ffffffe;
const DT_NEEDED = 1n;

/** @typedef {{ name: string, type: number, link: number, info: number, content: Buffer }} Section */

/**
 * @param {Buffer} table
 * @param {number} offset
 * @returns {string} the text that begins there
 */
function textAt(table, offset) {
  return table.toString("latin1", offset, table.indexOf(0, offset));
}

/**
 * @param {Buffer} file
 * @returns {Section[]}
 */
function readSections(file) {
  if (file.toString("latin1", 0, 6) !== "\x7fELF\x02\x01") {
    throw new Error("This is no 64-bit little-endian ELF file.");
  }
  const start = Number(file.readBigUInt64LE(0x28));
  const size = file.readUInt16LE(0x3a);
  const count = file.readUInt16LE(0x3c);
  const sections = Array.from({ length: count }, (_, index) => {
    const header = file.subarray(start + index * size);
    const offset = Number(header.readBigUInt64LE(0x18));
    const length = Number(header.readBigUInt64LE(0x20));
    return {
      nameOffset: header.readUInt32LE(0),
      type: header.readUInt32LE(4),
      link: header.readUInt32LE(0x28),
      info: header.readUInt32LE(0x2c),
      content: file.subarray(offset, offset + length),
    };
  });
  const names = sections[file.readUInt16LE(0x3e)]?.content ?? Buffer.alloc(1);
  return sections.map(({ nameOffset, ...section }) => ({
    name: textAt(names, nameOffset),
    ...section,
  }));
}

/**
 * @param {Section[]} sections
 * @param {Section} section
 * @returns {Buffer} the texts that it refers to
 */
function textsOf(sections, section) {
  const texts = sections[section.link];
  if (texts?.type !== SHT_STRTAB) {
    throw new Error(`The section ${section.name} has no texts.`);
  }
  return texts.content;
}

/**
 * @param {Section[]} sections
 * @returns {string[]} the libraries that are loaded with it, such as "libc.so.6"
 */
function readLibraries(sections) {
  const dynamic = sections.find(({ type }) => type === SHT_DYNAMIC);
  if (dynamic === undefined) return [];
  const texts = textsOf(sections, dynamic);
  const libraries = [];
  for (let at = 0; at < dynamic.content.length; at += 16) {
    if (dynamic.content.readBigInt64LE(at) !== DT_NEEDED) continue;
    libraries.push(
      textAt(texts, Number(dynamic.content.readBigUInt64LE(at + 8))),
    );
  }
  return libraries;
}

/**
 * @param {Section[]} sections
 * @returns {string[]} the versions of symbols that the libraries must have, such as "GLIBC_2.17"
 */
function readVersions(sections) {
  const needs = sections.find(({ type }) => type === SHT_GNU_VERNEED);
  if (needs === undefined) return [];
  const { content, info } = needs;
  const texts = textsOf(sections, needs);
  const versions = [];
  for (let library = 0, at = 0; library < info; library += 1) {
    const count = content.readUInt16LE(at + 2);
    let entry = at + content.readUInt32LE(at + 8);
    for (let i = 0; i < count; i += 1) {
      versions.push(textAt(texts, content.readUInt32LE(entry + 8)));
      entry += content.readUInt32LE(entry + 12);
    }
    at += content.readUInt32LE(at + 12);
  }
  return [...new Set(versions)];
}

/**
 * @param {string[]} versions of symbols
 * @returns {string | undefined} the newest glibc among them, such as "2.17"
 */
function newestGlibc(versions) {
  return versions
    .flatMap((version) => /^GLIBC_(\d+\.\d+)/.exec(version)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
}

/**
 * @typedef {object} Needs
 * @property {string[]} libraries
 * @property {string | undefined} glibc the oldest that will do; undefined for a library that needs none
 * @property {string[]} debug the sections that only a debugger reads
 */

/**
 * @param {Buffer} file
 * @returns {Needs}
 */
function readElf(file) {
  const sections = readSections(file);
  return {
    libraries: readLibraries(sections),
    glibc: newestGlibc(readVersions(sections)),
    debug: sections
      .filter(
        ({ name, type }) => type === SHT_SYMTAB || name.startsWith(".debug"),
      )
      .map(({ name }) => name),
  };
}

module.exports = { newestGlibc, readElf };
