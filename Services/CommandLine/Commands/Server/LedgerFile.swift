import API
import ComputeService
import Foundation

/// A file that `assay ledger export` printed: one entry a line, as proto3 JSON.
enum LedgerFile {
  private static let pieceBytes = 1 << 20
  /// No entry is nearly as long; what has no line ends is no export.
  private static let maximumLineBytes = 1 << 26

  /// Verifies the entries one by one; memory holds a piece of the file and the replay's state.
  static func audit(_ head: [UInt8], _ file: LocalFile) throws -> AuditResult {
    var audit = ExportAudit()
    var unread = head[...]
    var number = 0
    while true {
      while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        number += 1
        if let misfit = audit.check(try entry(unread[..<end], file, number)) { return misfit }
        unread = unread[(end + 1)...]
      }
      guard unread.count < maximumLineBytes, let piece = try file.next(pieceBytes) else { break }
      unread = unread + piece
    }
    guard unread.isEmpty else {
      throw CommandFailure("\(file.path), line \(number + 1): it is cut off")
    }
    return audit.result
  }

  private static func entry(
    _ line: ArraySlice<UInt8>, _ file: LocalFile, _ number: Int
  ) throws -> ComputeLedgerEntry {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
      let entry = ComputeLedgerEntry(exported: object)
    else { throw CommandFailure("\(file.path), line \(number): it is no exported entry") }
    return entry
  }
}

/// The fields of one JSON object. A field that is missing has its default, as in proto3; one of
/// another type is an error, so that nothing that is read was overlooked.
private struct Fields {
  let object: [String: Any]
  private(set) var isSound = true

  init(_ object: [String: Any]) { self.object = object }

  mutating func text(_ name: String) -> String {
    guard let value = object[name] else { return "" }
    guard let text = value as? String else {
      isSound = false
      return ""
    }
    return text
  }

  /// 64-bit numbers are texts in proto3's JSON.
  mutating func integer(_ name: String) -> Int64 {
    let text = text(name)
    guard object[name] != nil else { return 0 }
    guard let value = Int64(text) else {
      isSound = false
      return 0
    }
    return value
  }

  mutating func fields(_ name: String) -> Fields? {
    guard let value = object[name], !(value is NSNull) else { return nil }
    guard let object = value as? [String: Any] else {
      isSound = false
      return nil
    }
    return Fields(object)
  }

  mutating func list(_ name: String) -> [Fields] {
    guard let value = object[name] else { return [] }
    guard let list = value as? [[String: Any]] else {
      isSound = false
      return []
    }
    return list.map { Fields($0) }
  }

  mutating func require(_ condition: Bool) { isSound = isSound && condition }
}

extension ComputeLedgerEntry {
  /// Reads a line of the export; `nil` for what no export prints.
  fileprivate init?(exported object: [String: Any]) {
    var fields = Fields(object)
    self.init(
      sequence: fields.integer("sequence"), cause: fields.text("cause"),
      idempotencyKey: fields.text("idempotencyKey"), tenant: fields.text("tenant"),
      useCaseId: fields.text("useCaseId"), participantId: fields.text("participantId"),
      runId: fields.text("runId"), actor: fields.text("actor"), trace: fields.text("trace"),
      time: fields.integer("time"), provenance: fields.text("provenance"),
      meter: fields.text("meter"))
    if var mark = fields.fields("mark") {
      self.mark = ComputeLedgerRunMark(
        state: mark.text("state"), stateWords: mark.text("stateWords"),
        counterGflop: mark.integer("counterGflop"), usedGflop: mark.integer("usedGflop"),
        heldGflop: mark.integer("heldGflop"), lateGflop: mark.integer("lateGflop"),
        lastReportTime: mark.integer("lastReportTime"), meteredTime: mark.integer("meteredTime"),
        endTime: mark.object["endTime"] == nil ? nil : mark.integer("endTime"))
      fields.require(mark.isSound)
    }
    if var price = fields.fields("price") {
      self.price = ComputeLedgerPrice(
        version: price.text("version"), validFrom: price.integer("validFrom"),
        nanoEuroPerGflop: price.integer("nanoEuroPerGflop"))
      fields.require(price.isSound)
    }
    for var posting in fields.list("postings") {
      postings.append(
        ComputeLedgerPosting(
          kind: posting.text("kind"), participantId: posting.text("participantId"),
          priceVersion: posting.text("priceVersion"), gflop: posting.integer("gflop")))
      fields.require(posting.isSound)
    }
    previous = fields.text("previous")
    digest = fields.text("digest")
    guard fields.isSound else { return nil }
  }
}
