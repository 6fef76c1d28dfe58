import Foundation
import Testing

@Suite("How the house is written")
struct StyleTests {
  private static let maximumLines = 450
  private static let maximumColumns = 100

  @Test("No file is longer than 450 lines, no line than 100 columns")
  func sizes() throws {
    for file in Repository.writtenFiles {
      let lines = try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= Self.maximumLines + 1, "\(file) has \(lines.count - 1) lines")
      for (index, line) in lines.enumerated() where line.count > Self.maximumColumns {
        // A pattern or an address cannot be broken.
        if line.contains("https://") || line.contains("= /") || line.contains("      /^") {
          continue
        }
        Issue.record("\(file):\(index + 1) has \(line.count) columns")
      }
    }
  }

  @Test("Every module and every top-level folder says what it is for")
  func readmes() throws {
    for folder in ["Services", "Shared", "Tests", "deploy", "proto-spec"] {
      #expect(Repository.exists("\(folder)/README.md"), "\(folder)")
    }
    #expect(Repository.exists("README.md"))
    // A `Main` folder holds one file, which starts what the module beside it does.
    for target in try Manifest.targets() where !target.path.hasSuffix("/Main") {
      #expect(Repository.exists("\(target.path)/README.md"), "\(target.path)")
    }
  }

  @Test("What can bring the process down, or switches a check off, gives its reason beside it")
  func reasons() throws {
    let doubtful = ["fatalError(", "try!", "@unchecked Sendable", "nonisolated(unsafe)", "as!"]
    for file in Repository.writtenFiles where !file.hasPrefix("Tests/") {
      let text = try Repository.text(file)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, code) in Source.code(text).enumerated()
      where doubtful.contains(where: code.contains) {
        let near = lines[max(0, index - 6)...index]
        #expect(near.contains { $0.contains("//") }, "\(file):\(index + 1) gives no reason")
      }
    }
  }

  @Test("Nothing is left to do")
  func nothingLeft() throws {
    // Put together here, so that this file does not hold the words.
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    for file in Repository.writtenFiles {
      let text = try Repository.text(file)
      for mark in marks where text.contains(try Regex("\\b\(mark)\\b")) {
        Issue.record("\(file) says \(mark)")
      }
    }
  }

  @Test("Top level holds the agreed folders and nothing else")
  func topLevel() throws {
    let agreed: Set = [
      "Package.swift", "README.md", "Services", "Shared", "Tests", "deploy", "proto-spec",
    ]
    let all = try FileManager.default.contentsOfDirectory(atPath: Repository.root)
    let extra = all.filter { !$0.hasPrefix(".") && !agreed.contains($0) }
    #expect(extra.isEmpty, "\(extra.sorted())")
  }
}
