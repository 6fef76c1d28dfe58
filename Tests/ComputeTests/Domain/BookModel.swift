import ComputeDomain

/// What a book must do, once more and as simply as it can be said: shares and runs, no accounts.
struct BookModel {
  struct Run {
    var participant: String
    var counter = 0, used = 0, held = 0, late = 0, lastReport: Int
    var state = "running"
  }

  var budget = 0, each = 0, planned = 0, slice = 10, isOpen = false
  var members: [String] = []
  var share: [String: Int] = [:]
  var runs: [String: Run] = [:]

  func committed(_ p: String) -> Int {
    runs.values.reduce(0) { $0 + ($1.participant == p ? $1.used + $1.held : 0) }
  }
  func free(_ p: String) -> Int { share[p, default: 0] - committed(p) }
  var unallocated: Int { budget - share.values.reduce(0, +) }

  mutating func setTerms(planned: Int, each: Int, members: [String], isOpen: Bool) {
    (self.planned, self.each, self.members, self.isOpen) = (planned, each, members, isOpen)
    for (id, run) in runs where run.state == "running" {
      if !isOpen || !members.contains(run.participant) { end(id, "stopped", late: run.held) }
    }
    let everyone = Set(share.keys).union(members)
    let all = everyone.reduce(0) { $0 + committed($1) }
    budget = max(planned * each, all)
    var pool = budget - all
    for p in everyone { share[p] = committed(p) }
    for p in members {
      let give = min(pool, max(0, each - committed(p)))
      share[p, default: 0] += give
      pool -= give
    }
  }

  mutating func start(_ id: String, _ p: String, now: Int) -> Bool {
    guard isOpen, members.contains(p), free(p) > 0 else { return false }
    runs[id] = Run(participant: p, held: min(slice, free(p)), lastReport: now)
    return true
  }

  mutating func report(_ id: String, _ total: Int, now: Int, isLast: Bool = false) {
    guard var run = runs[id] else { return }
    let isRunning = run.state == "running"
    if isRunning { run.lastReport = max(run.lastReport, now) }
    if total > run.counter, run.state != "finished" {
      let spare = isRunning ? free(run.participant) : min(run.late, free(run.participant))
      let billed = min(total - run.counter, run.held + spare)
      if !isRunning { run.late -= billed }
      run.used += billed
      run.counter = total
      run.held = max(0, run.held - billed)
      runs[id] = run
      if isRunning {
        run.held += min(slice - min(slice, run.held), free(run.participant))
        runs[id] = run
        if run.held == 0, !isLast { end(id, "stopped", late: 0) }
      }
    } else {
      runs[id] = run
    }
    if isRunning, isLast { end(id, "finished", late: 0) }
  }

  mutating func end(_ id: String, _ state: String, late: Int) {
    guard let p = runs[id]?.participant, runs[id]?.state == "running" else { return }
    runs[id]?.held = 0
    runs[id]?.state = state
    runs[id]?.late = late
    let own = members.contains(p) ? each : 0
    let surplus = max(0, share[p, default: 0] - own, budget - planned * each - unallocated)
    share[p, default: 0] -= min(free(p), surplus)
    budget -= min(unallocated, max(0, budget - planned * each))
  }
}
