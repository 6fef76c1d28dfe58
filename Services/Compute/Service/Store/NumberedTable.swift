import ComputeDomain
import Storage

/// A sealed table whose rows are numbered by `id`, and whose seals cover every column.
struct NumberedTable {
  let name: String
  let texts: [String]
  /// After the texts in what the seal covers. NULL is the least integer there.
  let integers: [String]

  private static let party = [
    "name", "street", "city", "postal_code", "country", "vat_id", "registration", "email",
  ]

  static let sellers = NumberedTable(
    name: "seller_versions", texts: party + ["iban", "prefix", "set_by"],
    integers: ["payment_days", "set_time"])

  static let profiles = NumberedTable(
    name: "profile_versions", texts: ["tenant"] + party + ["reference", "zone", "set_by"],
    integers: ["confirmation", "set_time"])

  static let confirmations = NumberedTable(
    name: "buyer_confirmations",
    texts: ["tenant", "country", "vat_id", "evidence", "confirmed_by"],
    integers: ["checked_day", "confirm_time"])

  static let paymentCorrections = NumberedTable(
    name: "payment_corrections", texts: ["number", "reason", "set_by"],
    integers: ["paid_day", "set_time"])

  /// The row of an id as text, or all, by one range of ids: a row more costs the same however many
  /// there are.
  var sql: String {
    """
    SELECT CAST(id AS TEXT) AS key, \((texts + integers).joined(separator: ", ")) FROM \(name)
    WHERE id BETWEEN ifnull(CAST(?1 AS INTEGER), 0)
      AND ifnull(CAST(?1 AS INTEGER), 9223372036854775807) ORDER BY id
    """
  }

  func write(_ row: Row, to writer: inout ByteWriter) throws {
    for column in texts { writer.text(try row.text(.name(column))) }
    for column in integers { writer.integer(try row.optionalInt64(.name(column)) ?? .min) }
  }

  /// The id of the next row.
  func nextID(_ db: Reader) throws -> Int64 {
    try db.queryOne("SELECT ifnull(max(id), 0) + 1 AS next FROM \(name)") {
      try $0.int64("next")
    } ?? 1
  }
}
