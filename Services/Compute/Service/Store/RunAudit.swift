import ComputeDomain
import Storage

/// What the entries so far say of each run: one small record for each, for there are millions.
struct RunTrails: Sendable {
  /// What never changes of a run.
  struct Origin: Hashable, Sendable {
    let useCase: String
    let participant: String
    let startedBy: String
  }

  struct Trail: Sendable {
    fileprivate let origin: Int32
    let started: Int64
    fileprivate(set) var mark: RunMark
  }

  private var origins = Numbering<Origin>()
  private(set) var byRun: [String: Trail] = [:]

  /// Takes the next entry of a chain that fits so far; the first about a run is of its start.
  mutating func add(_ content: EntryDraft) {
    guard let mark = content.mark else { return }
    if let index = byRun.index(forKey: content.run) {
      byRun.values[index].mark = mark
    } else {
      let origin = Origin(
        useCase: content.useCase, participant: content.participant, startedBy: content.actor)
      byRun[content.run] = Trail(
        origin: origins.number(origin), started: content.time, mark: mark)
    }
  }

  func origin(_ trail: Trail) -> Origin { origins.value(trail.origin) }
}

/// Compares the rows of runs, which the service loads, with what the entries say of them.
struct RunAudit {
  /// A run's row from before the tables were brought to its first entry.
  private struct EarlyRow {
    let run: String
    let origin: RunTrails.Origin
    let started: Int64
  }

  private var earlyRows: [EarlyRow] = []

  /// What is wrong with the first row that does not fit the entries that the tables are made of;
  /// `nil` if all do.
  mutating func mismatch(_ db: Reader, _ trails: RunTrails) throws -> String? {
    var reason: String?
    var count = 0
    try db.forEach("SELECT \(RunStore.columns) FROM runs") { row in
      guard reason == nil else { return }
      let id = try row.text("id")
      let origin = RunTrails.Origin(
        useCase: try row.text("use_case_id"), participant: try row.text("participant_id"),
        startedBy: try row.text("started_by"))
      let started = try row.int64("start_time")
      // A run that was started after the last flush has its row already, as it was then.
      guard let trail = trails.byRun[id] else {
        earlyRows.append(EarlyRow(run: id, origin: origin, started: started))
        return
      }
      count += 1
      let stray =
        try Self.strayOrigin(origin, started, trail, trails) ?? Self.strayMark(row, trail.mark)
      reason = stray.map { "the \($0) of run \(id) is not what its entries say" }
    }
    guard reason == nil, count < trails.byRun.count else { return reason }
    let missing = try trails.byRun.keys.sorted().first { id in
      try !db.exists("SELECT 1 FROM runs WHERE id = ?1", id)
    }
    return missing.map { "run \($0) is missing" }
  }

  /// What is wrong with the first row that was before its run's first entry, now that all entries
  /// are known.
  func earlyMismatch(_ trails: RunTrails) -> String? {
    for row in earlyRows {
      guard let trail = trails.byRun[row.run] else { return "run \(row.run) has no entry" }
      if let stray = Self.strayOrigin(row.origin, row.started, trail, trails) {
        return "the \(stray) of run \(row.run) is not what its entries say"
      }
    }
    return nil
  }

  /// The first column that says another origin.
  private static func strayOrigin(
    _ origin: RunTrails.Origin, _ started: Int64, _ trail: RunTrails.Trail, _ trails: RunTrails
  ) -> String? {
    let said = trails.origin(trail)
    if origin.useCase != said.useCase { return "use_case_id" }
    if origin.participant != said.participant { return "participant_id" }
    if origin.startedBy != said.startedBy { return "started_by" }
    return started == trail.started ? nil : "start_time"
  }

  /// The first column that says something else than the mark of the run's last entry.
  private static func strayMark(_ row: Row, _ said: RunMark) throws -> String? {
    let (state, words) = said.state.stored
    if try row.text("state") != state { return "state" }
    if try row.text("state_words") != words { return "state_words" }
    if try row.int64("counter_gflop") != said.counter.value { return "counter_gflop" }
    if try row.int64("used_gflop") != said.used.value { return "used_gflop" }
    if try row.int64("held_gflop") != said.held.value { return "held_gflop" }
    if try row.int64("late_gflop") != said.lateAllowance.value { return "late_gflop" }
    if try row.int64("metered_time") != said.metered { return "metered_time" }
    if try row.optionalInt64("end_time") != said.ended { return "end_time" }
    // A sign of life has no entry.
    return try row.int64("last_report_time") < said.lastReport ? "last_report_time" : nil
  }
}
