import Foundation

@testable import CatalogDomain

/// Small files that are what they should be, to be broken by tests.
enum SampleFile {
  static func png(width: Int = 4, height: Int = 3, hasData: Bool = true) -> [UInt8] {
    let header = bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0]
    return PNGStructure.signature + chunk("IHDR", header)
      + (hasData ? chunk("IDAT", [0x78, 0x9C, 1, 2, 3]) : []) + chunk("IEND", [])
  }

  /// SOI, an APP0 segment, a frame header, a scan, EOI.
  static func jpeg(width: Int = 4, height: Int = 3) -> [UInt8] {
    let size = [height >> 8, height & 0xFF, width >> 8, width & 0xFF].map(UInt8.init)
    return [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 11, 8] + size
      + [1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x55, 0x66, 0xFF, 0xD9]
  }

  static func notebook(version: Int = 4) -> [UInt8] {
    Array(
      """
      {"nbformat": \(version), "nbformat_minor": 5, "metadata": {}, "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# EDA\\n", "text"]},
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null,
         "source": "print(1)"}]}
      """.utf8)
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let covered = Array(type.utf8) + data
    let checksum = covered.withUnsafeBytes(CRC32.of)
    return bigEndian(data.count) + covered + bigEndian(Int(checksum))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
