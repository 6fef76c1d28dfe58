import Foundation
import Testing

/// `proto-spec/musts.json` says which tests and conformance cases bear each MUST of the
/// specification.
@Suite("The specification's MUSTs")
struct MustTests {
  private struct Entry: Decodable {
    let level: Int
    let cases: [String]?
    /// "Tests/Folder/File.swift: the test's title".
    let tests: [String]?
  }

  private static func entries() throws -> [String: Entry] {
    let text = try Repository.text("proto-spec/musts.json")
    return try JSONDecoder().decode([String: Entry].self, from: Data(text.utf8))
  }

  /// Names in the folder whose name ends so, sorted.
  private static func files(_ folder: String, _ suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(Repository.root)/\(folder)")
      .filter { $0.hasSuffix(suffix) }.sorted()
  }

  @Test("Each id in the documents is in the table, and the other way round")
  func ids() throws {
    var written: Set<String> = []
    for file in try Self.files("proto-spec", ".md") {
      let text = try Repository.text("proto-spec/\(file)")
      written.formUnion(text.matches(of: /\[([A-Z]\d+)\]/).map { String($0.output.1) })
    }
    #expect(written == Set(try Self.entries().keys))
  }

  @Test("No id is defined twice")
  func definitions() throws {
    var defined: [String: String] = [:]
    for file in try Self.files("proto-spec", ".md") {
      for match in try Repository.text("proto-spec/\(file)").matches(of: /- \[([A-Z]\d+)\]\s/) {
        let id = String(match.output.1)
        #expect(defined[id] == nil, "\(id) is in \(defined[id] ?? "") and in \(file)")
        defined[id] = file
      }
    }
  }

  @Test("Each has a bearer, and each bearer is there")
  func bearers() throws {
    var cases: Set<String> = []
    for file in try Self.files("proto-spec/conformance/cases", ".json") {
      let text = try Repository.text("proto-spec/conformance/cases/\(file)")
      let group = file.dropLast(".json".count)
      // A case begins with its name; the names inside of steps are of other things.
      for match in text.matches(of: /\{\s*"name": "([a-z0-9_]+)", "kind":/) {
        cases.insert("\(group)/\(match.output.1)")
      }
    }
    for (id, entry) in try Self.entries() {
      #expect(!(entry.cases ?? []).isEmpty || !(entry.tests ?? []).isEmpty, "\(id) has no bearer")
      for name in entry.cases ?? [] where !cases.contains(name) {
        Issue.record("\(id) is borne by the case \(name), which is not there")
      }
      for test in entry.tests ?? [] {
        let parts = test.split(separator: ": ", maxSplits: 1).map(String.init)
        let text = parts.count == 2 ? try? Repository.text(parts[0]) : nil
        let isThere = text?.contains("@Test(\"\(parts.last ?? "")\"") ?? false
        #expect(isThere, "\(id) is borne by \(test), which is not there")
      }
    }
  }

  @Test("The levels of the README are those of the table")
  func levels() throws {
    let readme = try Repository.text("proto-spec/README.md")
    let lists = readme.matches(of: /(?m)^> .*(?:\n> .*)*/).map { String($0.output) }
    #expect(lists.count == 4)
    for (level, list) in lists.enumerated() {
      let named = Set(list.matches(of: /\b[A-Z]\d+\b/).map { String($0.output) })
      for (id, entry) in try Self.entries() where entry.level == level {
        #expect(named.contains(id), "\(id) is of L\(level), whose list leaves it out")
      }
    }
  }
}
