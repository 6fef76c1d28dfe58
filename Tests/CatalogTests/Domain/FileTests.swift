import CatalogDomain
import Testing

@Suite("Cover images and notebooks")
struct FileTests {
  @Test("a PNG's and a JPEG's dimensions are read")
  func dimensions() throws {
    let png = try CoverImage(checking: SampleFile.png(width: 640, height: 480))
    #expect(png.format == .png && png.width == 640 && png.height == 480)
    let jpeg = try CoverImage(checking: SampleFile.jpeg(width: 1_000, height: 20))
    #expect(jpeg.format == .jpeg && jpeg.width == 1_000 && jpeg.height == 20)
    #expect(jpeg.format.mediaType == "image/jpeg")
  }

  @Test("a PNG cut off at any byte is refused")
  func truncatedPNG() {
    let png = SampleFile.png()
    for count in 0..<png.count {
      #expect(throws: FileFault.self) { try CoverImage(checking: Array(png[..<count])) }
    }
  }

  @Test("a JPEG cut off at any byte is refused")
  func truncatedJPEG() {
    let jpeg = SampleFile.jpeg()
    for count in 0..<jpeg.count {
      #expect(throws: FileFault.self) { try CoverImage(checking: Array(jpeg[..<count])) }
    }
  }

  @Test("a PNG with one changed byte is refused")
  func damagedPNG() {
    let png = SampleFile.png()
    for index in png.indices {
      var damaged = png
      damaged[index] ^= 0x10
      #expect(throws: FileFault.self) { try CoverImage(checking: damaged) }
    }
  }

  @Test("a wrong magic is told with the bytes found")
  func wrongMagic() {
    var jpeg = SampleFile.jpeg()
    jpeg[0] = 0x47
    let fault = #expect(throws: FileFault.self) { try CoverImage(checking: jpeg) }
    #expect(fault?.description.contains("47 d8 ff") == true)
    #expect(throws: FileFault.self) { try CoverImage(checking: Array("GIF89a".utf8)) }
    #expect(throws: FileFault.self) { try CoverImage(checking: []) }
  }

  @Test("a PNG without image data is refused")
  func noData() {
    #expect(throws: FileFault.self) {
      try CoverImage(checking: SampleFile.png(hasData: false))
    }
  }

  @Test("a side of 20,000 pixels is taken, one more is not, and neither is none")
  func sides() throws {
    _ = try CoverImage(checking: SampleFile.png(width: 20_000, height: 1))
    #expect(throws: FileFault.self) {
      try CoverImage(checking: SampleFile.png(width: 20_001, height: 1))
    }
    #expect(throws: FileFault.self) {
      try CoverImage(checking: SampleFile.jpeg(width: 4, height: 0))
    }
  }

  @Test("a file over 25 MB is refused whatever it holds")
  func oversize() {
    let bytes = [UInt8](repeating: 0x20, count: Int(CatalogLimits.maximumFileBytes) + 1)
    #expect(throws: FileFault.self) { try CoverImage(checking: bytes) }
    #expect(throws: FileFault.self) { try Notebook(checking: bytes) }
  }

  @Test("a notebook of nbformat 4 is taken")
  func notebook() throws {
    #expect(try Notebook(checking: SampleFile.notebook()).cellCount == 2)
  }

  @Test("a notebook of nbformat 3 is refused, saying so")
  func oldNotebook() {
    let text = #"{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}"#
    let fault = #expect(throws: FileFault.self) { try Notebook(checking: Array(text.utf8)) }
    #expect(fault?.description.contains("nbformat 3") == true)
  }

  @Test(
    "what is no notebook is refused",
    arguments: [
      "", "[]", "null", "4", "{", #"{"cells": []}"#, #"{"nbformat": 4}"#,
      #"{"nbformat": "4", "cells": []}"#, #"{"nbformat": 4, "cells": {}}"#,
      #"{"nbformat": 4, "cells": [1]}"#,
      #"{"nbformat": 4, "cells": [{"cell_type": "chart", "source": ""}]}"#,
      #"{"nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}"#,
      String(repeating: "[", count: 100_000),
    ])
  func noNotebook(text: String) {
    #expect(throws: FileFault.self) { try Notebook(checking: Array(text.utf8)) }
  }

  @Test("a file's name is reduced to its last part; a notebook's must end in .ipynb")
  func names() throws {
    #expect(try FileKind.cover.checkedName("C:\\pictures\\a b.png") == "a b.png")
    #expect(try FileKind.notebook.checkedName("/tmp/EDA.ipynb") == "EDA.ipynb")
    for name in ["", "/", "..", "a\nb.png"] {
      #expect(throws: CatalogError.self) { try FileKind.cover.checkedName(name) }
    }
    #expect(throws: CatalogError.self) { try FileKind.notebook.checkedName("EDA.json") }
  }
}
