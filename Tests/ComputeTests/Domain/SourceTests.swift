import Foundation
import Testing

@Suite("The ledger's source")
struct SourceTests {
  @Test("no floating point anywhere near compute or money")
  func noFloatingPoint() throws {
    // #filePath is Tests/ComputeTests/Domain/SourceTests.swift.
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = root.appendingPathComponent("Services/Compute")
    let forbidden = try Regex(#"\b(Double|Float|Float16|Float32|Float64|CGFloat|Decimal)\b"#)
    var files = 0
    let names = FileManager.default.enumerator(atPath: folder.path)
    for case let name as String in try #require(names) where name.hasSuffix(".swift") {
      files += 1
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      #expect(text.firstMatch(of: forbidden) == nil, "\(name) mentions a floating point type")
    }
    #expect(files > 10)
  }
}
