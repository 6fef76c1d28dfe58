import ComputeDomain
import Storage

/// Training runs as rows.
enum RunStore {
  static let columns = """
    id, use_case_id, participant_id, started_by, note, gflop_per_second, start_time, state, \
    state_words, counter_gflop, used_gflop, held_gflop, late_gflop, last_report_time, \
    metered_time, end_time
    """

  /// As the index of live runs has it, word for word.
  private static let isLive = "state IN ('running', 'paused', 'paused-organiser')"

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

  /// The runs of a use case that run or may run again.
  static func live(_ db: Reader, useCase: String) throws -> [String: Run] {
    let sql = """
      SELECT \(columns) FROM runs WHERE use_case_id = ?1 AND \(isLive)
      """
    let runs = try db.query(sql, useCase, row: run)
    return Dictionary(runs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Where a run stands in the order in which runs are swept: of a time, then of use case and id.
  struct Place {
    let time: Int64
    let useCase: String
    let run: String

    static let beforeAll = Place(time: .min, useCase: "", run: "")

    fileprivate init(_ row: Row) throws {
      time = try row.int64("time")
      useCase = try row.text("use_case_id")
      run = try row.text("id")
    }

    fileprivate init(time: Int64, useCase: String, run: String) {
      self.time = time
      self.useCase = useCase
      self.run = run
    }
  }

  /// As `outliving` and `silent` ask it; a test looks at their plans.
  ///
  /// CROSS JOIN keeps SQLite from beginning with the runs, of which all that live would be read;
  /// INDEXED BY from reading those of a use case that have ended.
  static let outlivingQuery = """
    SELECT u.end_time AS time, r.use_case_id, r.id
    FROM use_cases u CROSS JOIN runs r INDEXED BY runs_live ON r.use_case_id = u.id
    WHERE u.end_time BETWEEN max(?1, ?5) AND ?6 AND r.\(isLive)
      AND (u.end_time, r.use_case_id, r.id) > (?1, ?2, ?3)
    ORDER BY u.end_time, u.id, r.id LIMIT ?4
    """
  static let silentQuery = """
    SELECT last_report_time AS time, use_case_id, id FROM runs
    WHERE state = 'running' AND (last_report_time, use_case_id, id) > (?1, ?2, ?3)
      AND last_report_time <= ?5
    ORDER BY last_report_time, use_case_id, id LIMIT ?4
    """

  /// A page of the live runs whose use case has ended in the time, unix milliseconds.
  static func outliving(
    _ db: Reader, endsIn times: ClosedRange<Int64>, after place: Place, limit: Int
  ) throws -> [Place] {
    try db.query(
      outlivingQuery, place.time, place.useCase, place.run, limit, times.lowerBound,
      times.upperBound, row: Place.init)
  }

  /// A page of the running runs that have been silent since `time`.
  static func silent(
    _ db: Reader, since time: Int64, after place: Place, limit: Int
  ) throws -> [Place] {
    try db.query(
      silentQuery, place.time, place.useCase, place.run, limit, time, row: Place.init)
  }

  static func insert(_ tx: Transaction, _ run: Run, useCase: String) throws {
    let (state, words) = run.state.stored
    let mark = run.mark
    try tx.execute(
      """
      INSERT INTO runs (\(columns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
      """,
      run.id, useCase, run.participant, run.startedBy, run.note, run.rate.value, run.started,
      state, words, mark.counter.value, mark.used.value, mark.held.value,
      mark.lateAllowance.value, mark.lastReport, mark.metered, mark.ended)
  }

  static func update(_ tx: Transaction, _ run: Run) throws {
    try update(tx, id: run.id, run.mark)
  }

  static func update(_ tx: Transaction, id: String, _ mark: RunMark) throws {
    let (state, words) = mark.state.stored
    try tx.execute(
      """
      UPDATE runs SET state = ?2, state_words = ?3, counter_gflop = ?4, used_gflop = ?5,
        held_gflop = ?6, late_gflop = ?7, last_report_time = ?8, metered_time = ?9, end_time = ?10
      WHERE id = ?1
      """,
      id, state, words, mark.counter.value, mark.used.value, mark.held.value,
      mark.lateAllowance.value, mark.lastReport, mark.metered, mark.ended)
  }

  static func run(_ row: Row) throws -> Run {
    let (name, words) = (try row.text("state"), try row.text("state_words"))
    guard let state = RunState(name: name, words: words) else {
      throw StorageError.corrupt("\"\(name)\" is no state of a run")
    }
    return Run(
      id: try row.text("id"), participant: try row.text("participant_id"),
      startedBy: try row.text("started_by"), note: try row.text("note"),
      rate: GFLOP(try row.int64("gflop_per_second")), started: try row.int64("start_time"),
      mark: RunMark(
        state: state, counter: GFLOP(try row.int64("counter_gflop")),
        used: GFLOP(try row.int64("used_gflop")), held: GFLOP(try row.int64("held_gflop")),
        lateAllowance: GFLOP(try row.int64("late_gflop")),
        lastReport: try row.int64("last_report_time"), metered: try row.int64("metered_time"),
        ended: try row.optionalInt64("end_time")))
  }
}
