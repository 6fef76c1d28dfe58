import Testing

/// No part of what meters, prices, adds up or prints compute or money may know floating point.
@Suite("Money")
struct MoneyTests {
  private static let types =
    #"\b(Double|Float(16|32|64|80)?|CGFloat|Decimal|NSDecimalNumber|TimeInterval)\b"#
  /// "1.5", "1e9", "0x1p3", ".5"; not the members of tuples, "pair.0.1", "$0.1" and "\.0".
  private static let literals =
    #"(^|[^\w.$])([0-9][0-9_]*(\.[0-9]|[eE][+-]?[0-9])|0x[0-9a-fA-F_.]+[pP])|"#
    + #"(^|[^\w.$)\]}?!\\])\.[0-9]"#
  /// What only floating point numbers have.
  private static let members =
    #"\.(nan|infinity|pi|rounded|squareRoot|doubleValue|floatValue|decimalValue)\b|\bpow\("#
  /// Code that reads, computes or prints compute or money, wherever it is.
  private static let money =
    #"[nN]anoEuro|\b[eE]uro?\b|\b[eE]ur[A-Z]|Eur\b|[gG]flop|GFLOP|[pP]flop|PFLOP|\bCents\b|"#
    + "[iI]nvoice|[pP]rice"

  /// What of floating point a source has; `nil` if nothing.
  private static func floatingPoint(in code: String) throws -> String? {
    for pattern in [types, literals, members] {
      if let match = code.firstMatch(of: try Regex(pattern)) { return String(code[match.range]) }
    }
    return nil
  }

  @Test("There is no floating point near compute or money, in any service or the command line")
  func noFloatingPoint() throws {
    let money = try Regex(Self.money)
    var checked: Set<String> = []
    for path in Repository.swiftFiles(under: "Services") {
      let text = try Repository.text(path)
      let isCompute = path.hasPrefix("Services/Compute/")
      guard try isCompute || money.firstMatch(in: text) != nil else { continue }
      let code = SwiftCode(text).text
      guard try isCompute || money.firstMatch(in: code) != nil else { continue }
      checked.insert(path)
      let found = try Self.floatingPoint(in: code)
      #expect(found == nil, "\(path) has a floating point number: \(found ?? "")")
    }
    // The pattern of money finds at least these.
    let certain = [
      "Compute/Domain/Units/NanoEuro.swift", "Catalog/Domain/Content/UseCaseContent.swift",
      "CommandLine/Commands/Values/Euro.swift", "CommandLine/Commands/Values/PFLOP.swift",
      "CommandLine/Commands/Server/BillingCommands.swift",
      "CommandLine/Commands/Server/BudgetCommands.swift",
      "CommandLine/Commands/Server/InvoiceCommands.swift",
      "CommandLine/Commands/Server/PriceCommands.swift",
      "CommandLine/Commands/Server/RunCommands.swift",
    ]
    #expect(certain.filter { !checked.contains("Services/\($0)") } == [])
  }

  @Test(
    "The search finds inferred literals, types and members",
    arguments: [
      "let x = 1.5", "0.025 * price", "let x = 1e9", "1_000.5", "0x1p3", "(2.0)", "Double(cents)",
      "\"\\(cents * 0.5)\"", "x.rounded()", "let x: Float = 1", "1E-3", "let x = .5", "[.5]",
      "a ?? .nan",
      "\"\"\"\n\\(\"a\" + f(1.5))\n\"\"\"", "#\"\\#(1.5)\"#", "/* 1 */ 2.5", "number.doubleValue",
    ])
  func finds(code: String) throws {
    #expect(try Self.floatingPoint(in: SwiftCode(code).text) != nil)
  }

  @Test(
    "Comments, texts, ranges and members of tuples are none",
    arguments: [
      "// 1.5", "/* 0.5 /* 1e9 */ Double */", "\"€0.025\"", "pair.0.1", "$0.1", "1...5", "0..<2",
      "\"\"\"\nDouble 1.5 \\\"\n\"\"\"", "#\"\\(1.5)\"#", "value.0", "1_000_000", "0xE5", "0x1E5",
      "rounded", "f(1).0.1", "a[0].1",
      "map(\\.0)", "\"\\\"1.5\"",
    ])
  func passes(code: String) throws {
    #expect(try Self.floatingPoint(in: SwiftCode(code).text) == nil)
  }
}
