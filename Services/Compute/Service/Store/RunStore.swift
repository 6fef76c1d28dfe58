import ComputeDomain
import Storage

/// Training runs as rows.
enum RunStore {
  static let columns = """
    id, use_case_id, participant_id, started_by, note, gflop_per_second, state, stop_words, \
    counter_gflop, used_gflop, held_gflop, late_gflop, start_time, last_report_time, end_time
    """

  /// A run and the use case that it belongs to.
  struct Located {
    let run: Run
    let useCase: String
  }

  static func find(_ db: Reader, _ id: String) throws -> Located? {
    try db.queryOne("SELECT \(columns) FROM runs WHERE id = ?1", id) { row in
      Located(run: try run(row), useCase: try row.text("use_case_id"))
    }
  }

  /// A page of a use case's runs, newest first, after the run of the token.
  static func page(
    _ db: Reader, useCase: String, participants: [String]?, after: PageToken?, limit: Int
  ) throws -> [Run] {
    var sql = "SELECT \(columns) FROM runs WHERE use_case_id = ?1"
    var arguments: [(any SQLBindable)?] = [useCase]
    func placeholder(_ value: some SQLBindable) -> String {
      arguments.append(value)
      return "?\(arguments.count)"
    }
    if let participants {
      let list = participants.map { placeholder($0) }.joined(separator: ", ")
      sql += " AND participant_id IN (\(list))"
    }
    if let after {
      let time = placeholder(after.time)
      let id = placeholder(after.id)
      sql += " AND (start_time < \(time) OR (start_time = \(time) AND id < \(id)))"
    }
    sql += " ORDER BY start_time DESC, id DESC LIMIT \(placeholder(limit))"
    return try db.query(sql, arguments: arguments, row: run)
  }

  /// Live runs that were idle since `idleSince`, or whose use case has ended by `now`.
  static func overdue(
    _ db: Reader, idleSince: Int64, now: Int64, limit: Int
  ) throws -> [Located] {
    let idle = "SELECT \(columns) FROM runs WHERE state = 'running' AND last_report_time <= ?1"
    let ended = """
      SELECT \(columns) FROM runs WHERE state = 'running' AND use_case_id IN
        (SELECT id FROM use_cases WHERE end_time <= ?2)
      """
    return try db.query("\(idle) UNION \(ended) LIMIT ?3", idleSince, now, limit) { row in
      Located(run: try run(row), useCase: try row.text("use_case_id"))
    }
  }

  static func save(_ tx: Transaction, _ run: Run, useCase: String) throws {
    let (state, words) = text(of: run.state)
    try tx.execute(
      """
      INSERT INTO runs (\(columns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
      ON CONFLICT (id) DO UPDATE SET state = excluded.state, stop_words = excluded.stop_words,
        counter_gflop = excluded.counter_gflop, used_gflop = excluded.used_gflop,
        held_gflop = excluded.held_gflop, late_gflop = excluded.late_gflop,
        last_report_time = excluded.last_report_time, end_time = excluded.end_time
      """,
      run.id, useCase, run.participant, run.startedBy, run.note, run.rate.value, state, words,
      run.counter.value, run.used.value, run.held.value, run.lateAllowance.value, run.started,
      run.lastReport, run.ended)
  }

  static func run(_ row: Row) throws -> Run {
    Run(
      id: try row.text("id"), participant: try row.text("participant_id"),
      startedBy: try row.text("started_by"), note: try row.text("note"),
      rate: GFLOP(try row.int64("gflop_per_second")), started: try row.int64("start_time"),
      state: try state(try row.text("state"), words: try row.optionalText("stop_words")),
      counter: GFLOP(try row.int64("counter_gflop")), used: GFLOP(try row.int64("used_gflop")),
      held: GFLOP(try row.int64("held_gflop")),
      lateAllowance: GFLOP(try row.int64("late_gflop")),
      lastReport: try row.int64("last_report_time"), ended: try row.optionalInt64("end_time"))
  }

  private static func text(of state: RunState) -> (state: String, words: String?) {
    switch state {
    case .running: ("running", nil)
    case .finished: ("finished", nil)
    case .expired: ("expired", nil)
    case .stopped(.allocationExhausted): ("stopped-exhausted", nil)
    case .stopped(.useCasePaused): ("stopped-paused", nil)
    case .stopped(.useCaseOver): ("stopped-over", nil)
    case .stopped(.participantRemoved): ("stopped-removed", nil)
    case .stopped(.requested(let words)): ("stopped-requested", words)
    }
  }

  private static func state(_ text: String, words: String?) throws -> RunState {
    switch text {
    case "running": .running
    case "finished": .finished
    case "expired": .expired
    case "stopped-exhausted": .stopped(.allocationExhausted)
    case "stopped-paused": .stopped(.useCasePaused)
    case "stopped-over": .stopped(.useCaseOver)
    case "stopped-removed": .stopped(.participantRemoved)
    case "stopped-requested": .stopped(.requested(words ?? ""))
    default: throw StorageError.corrupt("\"\(text)\" is no state of a run")
    }
  }
}
