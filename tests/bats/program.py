#!/usr/bin/env python3
"""Writes a smallest program for one platform, which prints a text: the real thing for Linux, a header for macOS.

    program.py FILE linux-amd64|linux-arm64|macos-amd64|macos-arm64 TEXT [--dynamic]
"""

import os
import struct
import sys

BASE = 0x400000


def amd64(message: int, length: int, here: int) -> bytes:
    """write(1, message, length), then exit(0)."""
    code = b"\xb8\x01\0\0\0\xbf\x01\0\0\0" + b"\x48\xbe" + struct.pack("<Q", message)
    code += b"\xba" + struct.pack("<I", length) + b"\x0f\x05"
    return code + b"\xb8\x3c\0\0\0\x31\xff\x0f\x05"


def arm64(message: int, length: int, here: int) -> bytes:
    """The same; every instruction has four bytes, and `adr` is relative to its own place."""
    def movz(register: int, value: int) -> int:
        return 0xD2800000 | value << 5 | register

    distance = message - (here + 4)
    adr = 0x10000000 | (distance & 3) << 29 | (distance >> 2 & 0x7FFFF) << 5 | 1
    words = [movz(0, 1), adr, movz(2, length), movz(8, 64), 0xD4000001, movz(0, 0), movz(8, 93), 0xD4000001]
    return struct.pack("<8I", *words)


def elf(machine: int, code, text: bytes, dynamic: bool) -> bytes:
    headers = 2 if dynamic else 1
    start = 64 + 56 * headers
    size = len(code(BASE, len(text), BASE))
    body = code(BASE + start + size, len(text), BASE + start) + text
    whole = start + len(body)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, BASE + start, 64, 0, 0, 64, 56, headers, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, whole, whole, 0x1000)
    loader = struct.pack("<IIQQQQQQ", 3, 4, start, BASE + start, BASE + start, 1, 1, 1)
    return header + load + (loader if dynamic else b"") + body


def macho(cpu: int, text: bytes) -> bytes:
    return struct.pack("<IIIIIIII", 0xFEEDFACF, cpu, 0, 2, 0, 0, 0, 0) + text


def main() -> None:
    path, platform, text = sys.argv[1:4]
    text = text.encode()
    dynamic = "--dynamic" in sys.argv
    content = {
        "linux-amd64": lambda: elf(62, amd64, text, dynamic),
        "linux-arm64": lambda: elf(183, arm64, text, dynamic),
        "macos-amd64": lambda: macho(0x01000007, text),
        "macos-arm64": lambda: macho(0x0100000C, text),
    }[platform]()
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, 0o755)


main()
