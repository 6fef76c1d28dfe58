import ComputeBilling
import ComputeDomain
import Foundation
import Testing

@Suite("Electronic invoices")
struct ElectronicInvoiceTests {
  /// Every category of VAT, tiers, late usage, amounts that are rounded, and corrections.
  private func samples() throws -> [(name: String, xml: String)] {
    let late = try #require(UTCMonth(text: "2026-09"))
    let lines = [
      try InvoiceSamples.line(GFLOP(41_500_000), month: late, participant: "par_2"),
      try InvoiceSamples.line(.pflop(1_000)), try InvoiceSamples.line(GFLOP(600_000), 20),
      try InvoiceSamples.line(GFLOP(1)),
    ]
    let buyers = [
      ("standard", InvoiceSamples.party("DE", "DE987654321")),
      ("consumer", InvoiceSamples.party("FI")), ("reverse", InvoiceSamples.buyer),
      ("greek", InvoiceSamples.party("GR", "EL123456789")),
      ("outside", InvoiceSamples.party("CH")),
    ]
    var samples: [(name: String, xml: String)] = []
    for (name, buyer) in buyers {
      let invoice = InvoiceSamples.issued(try InvoiceSamples.draft(lines, buyer: buyer))
      let note = InvoiceSamples.issued(InvoiceDraft(crediting: invoice, reason: "wrong"), 2)
      var renewed = invoice.content
      renewed.corrects = invoice.number
      samples += [
        (name, invoice.ubl), ("\(name)-credit", note.ubl),
        ("\(name)-again", InvoiceSamples.issued(renewed, 3).ubl),
      ]
    }
    return samples
  }

  @Test("every kind of invoice fits the schemas of UBL 2.1 and the rules of EN 16931")
  func validates() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("invoices-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let good = try samples()
    var all = good
    // The validator finds what is wrong: a total that is a cent off, and an element too many.
    let sample = try #require(good.first).xml
    for (from, to) in [
      ("31.00</cbc:PayableAmount>", "31.01</cbc:PayableAmount>"),
      ("<cbc:ID>AS", "<cbc:Nothing>x</cbc:Nothing><cbc:ID>AS"),
    ] {
      let wrong = sample.replacing(from, with: to, maxReplacements: 1)
      #expect(wrong != sample, "\(from)")
      all.append(("wrong-\(all.count)", wrong))
    }
    let files = try all.map { sample in
      let file = folder.appendingPathComponent("\(sample.name).xml")
      try sample.xml.write(to: file, atomically: true, encoding: .utf8)
      return file.path
    }
    let (code, output) = try Self.run(files)
    if output.hasPrefix("skipped:") {
      print(output)
      return
    }
    #expect(code == 1, "\(output)")
    let lines = Set(output.split(separator: "\n").map(String.init))
    for (name, _) in good { #expect(lines.contains("\(name).xml: valid"), "\(output)") }
    for (name, _) in all.dropFirst(good.count) {
      #expect(lines.contains("\(name).xml: not valid"), "\(output)")
    }
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
