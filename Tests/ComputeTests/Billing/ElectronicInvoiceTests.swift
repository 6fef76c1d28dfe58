import ComputeBilling
import ComputeDomain
import Foundation
import Testing

/// What the validator says of every kind of invoice; asked once.
private enum Verdict {
  static let result = Result { try ElectronicInvoices.validate() }

  static var isThere: Bool {
    if case .success(let verdict) = result { !verdict.output.hasPrefix("skipped:") } else { true }
  }
}

@Suite("Electronic invoices")
struct ElectronicInvoiceTests {
  @Test(
    "every kind of invoice fits the schemas of UBL 2.1 and the rules of EN 16931",
    .enabled(
      if: Verdict.isThere, "Tests/ComputeTests/validate-invoices says what this machine lacks"))
  func validates() throws {
    let (code, output) = try Verdict.result.get()
    #expect(code == 1, "\(output)")
    let lines = Set(output.split(separator: "\n").map(String.init))
    let samples = try ElectronicInvoices.samples()
    #expect(samples.good.count == 24)
    for (name, _) in samples.good { #expect(lines.contains("\(name).xml: valid"), "\(output)") }
    for (name, _) in samples.wrong {
      #expect(lines.contains("\(name).xml: not valid"), "\(output)")
    }
  }
}

private enum ElectronicInvoices {
  typealias Sample = (name: String, xml: String)

  /// Every category of VAT, two rates at once, tiers, late usage, amounts that are rounded, and
  /// corrections.
  static func good() throws -> [Sample] {
    let late = try #require(UTCMonth(text: "2026-09"))
    let lines = [
      try InvoiceSamples.line(GFLOP(41_500_000), month: late, participant: "par_2"),
      try InvoiceSamples.line(.pflop(1_000)), try InvoiceSamples.line(GFLOP(600_000), 20),
      try InvoiceSamples.line(GFLOP(1)),
    ]
    let raised = try VATRates.union.changed(by: "DE 2026-10-01 20.5")
    let confirmation = InvoiceSamples.confirmation
    let buyers: [(String, Party, BuyerConfirmation?, VATRates)] = [
      ("standard", InvoiceSamples.party("DE", "DE987654321"), nil, .union),
      ("consumer", InvoiceSamples.party("FI"), confirmation, .union),
      ("reverse", InvoiceSamples.buyer, confirmation, .union),
      ("unconfirmed", InvoiceSamples.buyer, nil, .union),
      ("two-rates", InvoiceSamples.party("DE", "DE987654321"), nil, raised),
      ("greek", InvoiceSamples.party("GR", "EL123456789"), confirmation, .union),
      ("outside", InvoiceSamples.party("CH"), confirmation, .union),
      ("outside-with-id", InvoiceSamples.party("CH", "CH123456789"), confirmation, .union),
    ]
    return try buyers.flatMap { name, buyer, confirmation, rates in
      let invoice = InvoiceSamples.issued(
        try InvoiceSamples.draft(lines, buyer: buyer, confirmation: confirmation, rates: rates))
      let note = InvoiceSamples.issued(
        InvoiceDraft(crediting: invoice, by: InvoiceSamples.seller, reason: "wrong"), 2)
      var renewed = invoice.content
      renewed.corrects = invoice.number
      return [
        (name, invoice.ubl), ("\(name)-credit", note.ubl),
        ("\(name)-again", InvoiceSamples.issued(renewed, 3).ubl),
      ]
    }
  }

  /// And what the validator has to find wrong: totals that are a cent off, the subtotals of two
  /// rates exchanged, and an element too many.
  static func samples() throws -> (good: [Sample], wrong: [Sample]) {
    let good = try good()
    var wrong: [Sample] = []
    for (name, from, to) in [
      ("standard", "31.00</cbc:PayableAmount>", "31.01</cbc:PayableAmount>"),
      ("two-rates", "<cbc:Percent>19</cbc:Percent>", "<cbc:Percent>20.5</cbc:Percent>"),
      ("standard", "<cbc:ID>AS", "<cbc:Nothing>x</cbc:Nothing><cbc:ID>AS"),
    ] {
      let sample = try #require(good.first { $0.name == name }).xml
      let changed = sample.replacing(from, with: to, maxReplacements: 1)
      #expect(changed != sample, "\(from)")
      wrong.append(("wrong-\(wrong.count)", changed))
    }
    return (good, wrong)
  }

  static func validate() throws -> (code: Int32, output: String) {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("invoices-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (good, wrong) = try samples()
    return try run(
      (good + wrong).map { sample in
        let file = folder.appendingPathComponent("\(sample.name).xml")
        try sample.xml.write(to: file, atomically: true, encoding: .utf8)
        return file.path
      })
  }

  private static func run(_ files: [String]) throws -> (code: Int32, output: String) {
    let process = Process()
    // #filePath is Tests/ComputeTests/Billing/ElectronicInvoiceTests.swift.
    process.executableURL = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("validate-invoices")
    process.arguments = files
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
