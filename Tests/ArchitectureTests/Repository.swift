import Foundation

/// The source tree that these tests are part of.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Paths, relative to the root, of all Swift files below `folder`, sorted.
  static func swiftFiles(under folder: String) -> [String] {
    let base = "\(root)/\(folder)"
    guard let all = FileManager.default.enumerator(atPath: base) else { return [] }
    return all.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
      .map { "\(folder)/\($0)" }.sorted()
  }

  /// All Swift files that people write.
  static var writtenFiles: [String] {
    ["Package.swift"]
      + ["Services", "Shared", "Tests"].flatMap(swiftFiles).filter { !$0.contains("/Generated/") }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(root)/\(path)")
  }
}

/// A target as Package.swift declares it.
struct Target: Equatable {
  let name: String
  let path: String
  let dependencies: Set<String>
}

/// The part of Package.swift that says which module may use which.
enum Manifest {
  /// The targets made with `module(…)` and `program(…)`; tools under Tests may use what they like.
  static func targets() throws -> [Target] {
    let text = try Repository.text("Package.swift")
    let call = /(?:module|program)\(\s*"([^"]+)",\s*"([^"]+)"(?:,\s*\[([^\]]*)\])?/
    return text.matches(of: call).map { match in
      let names = (match.output.3 ?? "").matches(of: /"([^"]+)"/).map { String($0.output.1) }
      return Target(
        name: String(match.output.1), path: String(match.output.2), dependencies: Set(names))
    }.filter { !$0.path.hasPrefix("Tests/") }
  }
}

/// Swift source without what is not code.
enum Source {
  /// The code with comments and the contents of string literals blanked out, line by line.
  static func code(_ text: String) -> [String] {
    var isMultilineString = false
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let hasMark = line.contains("\"\"\"")
      defer { if hasMark { isMultilineString.toggle() } }
      if isMultilineString || hasMark { return "" }
      let noStrings = String(line).replacing(/"(?:[^"\\]|\\.)*"/, with: "\"\"")
      return String(noStrings.prefix(upTo: comment(in: noStrings) ?? noStrings.endIndex))
    }
  }

  /// Names of the modules that a file imports.
  static func imports(_ text: String) -> Set<String> {
    let line =
      /^(?:@[a-zA-Z()]+\s+|public\s+|internal\s+|package\s+)*import\s+(?:class\s+|struct\s+|func\s+|enum\s+)?([A-Za-z_0-9]+)/
    return Set(
      code(text).compactMap { try? line.firstMatch(in: $0) }.map { String($0.output.1) })
  }

  private static func comment(in line: String) -> String.Index? {
    line.firstRange(of: "//")?.lowerBound
  }
}
