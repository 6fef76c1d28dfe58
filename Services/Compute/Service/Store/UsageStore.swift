import ComputeDomain
import Storage

/// What was used, summed as the bill needs it.
enum UsageStore {
  /// Sums of usage on the use cases that a tenant owns, by day or run only where asked for.
  static func sums(
    _ db: Reader, ownedBy tenant: String, useCase: String?, period: Range<Int64>?,
    grouping: BillingGrouping
  ) throws -> [UsageSum] {
    let day = grouping == .day ? "e.time / \(UTCDay.milliseconds)" : nil
    let run = grouping == .run ? "e.run_id" : nil
    let finer = [day, run].compactMap { $0 }.map { ", \($0)" }.joined()
    var filter = "u.tenant = ?1 AND p.kind = 'used'"
    var arguments: [(any SQLBindable)?] = [tenant]
    if let useCase {
      arguments.append(useCase)
      filter += " AND u.id = ?\(arguments.count)"
    }
    if let period {
      arguments += [period.lowerBound, period.upperBound]
      filter += " AND e.time >= ?\(arguments.count - 1) AND e.time < ?\(arguments.count)"
    }
    let sql = """
      SELECT u.id AS use_case_id, u.title AS title, p.participant_id AS participant_id,
        t.name AS name, t.tenant AS participant_tenant, r.version AS version,
        r.nano_euro_per_gflop AS rate, \(day ?? "0") AS day,
        \(run ?? "''") AS run_id, SUM(p.gflop) AS gflop
      FROM use_cases u
        JOIN entries e ON e.use_case_id = u.id
        JOIN postings p ON p.sequence = e.sequence
        JOIN prices r ON r.version = p.price_version
        LEFT JOIN participants t ON t.use_case_id = u.id AND t.id = p.participant_id
      WHERE \(filter)
      GROUP BY u.id, u.title, p.participant_id, t.name, t.tenant, r.version,
        r.nano_euro_per_gflop\(finer)
      """
    return try db.query(sql, arguments: arguments) { row in
      UsageSum(
        useCase: try row.text("use_case_id"), useCaseTitle: try row.text("title"),
        participant: try row.text("participant_id"),
        participantName: try row.optionalText("name") ?? "",
        participantTenant: try row.optionalText("participant_tenant") ?? "",
        run: try row.text("run_id"), day: UTCDay(number: try row.int64("day")),
        quantity: GFLOP(try row.int64("gflop")), priceVersion: try row.text("version"),
        nanoEuroPerGFLOP: try row.int64("rate"))
    }
  }

  static func prices(_ db: Reader) throws -> PriceList {
    PriceList(
      try db.query("SELECT version, valid_from, nano_euro_per_gflop FROM prices") { row in
        Price(
          version: try row.text("version"), validFrom: try row.int64("valid_from"),
          nanoEuroPerGFLOP: try row.int64("nano_euro_per_gflop"))
      })
  }
}
