/// What a book must do, once more and as simply as it can be said: shares and runs, no accounts.
struct BookModel {
  struct Run {
    var participant: String
    var counter = 0, used = 0, held = 0, late = 0, lastReport: Int, started: Int, rate = 0
    var state = "running", words = "", pausedByOrganiser = false
    var slice: Int { max(10, 10 * rate) }
  }

  var budget = 0, each = 0, planned = 0, added = 0, reserve = 0, isOpen = false
  var members: [String] = []
  var share: [String: Int] = [:], used: [String: Int] = [:], held: [String: Int] = [:]
  var extra: [String: Int] = [:]
  var runs: [String: Run] = [:]

  func committed(_ p: String) -> Int { used[p, default: 0] + held[p, default: 0] }
  func free(_ p: String) -> Int { share[p, default: 0] - committed(p) }
  func target(_ p: String) -> Int { max(0, each + extra[p, default: 0]) }
  var plan: Int { planned * each + added }
  var unallocated: Int { budget - reserve - share.values.reduce(0, +) }

  mutating func setTerms(planned: Int, each: Int, members: [String], isOpen: Bool) {
    (self.planned, self.each, self.members, self.isOpen) = (planned, each, members, isOpen)
    for id in runs.keys.sorted() {
      guard let run = runs[id], !isOpen || !members.contains(run.participant) else { continue }
      end(id, "stopped", late: run.state == "running" ? run.held : run.late)
    }
    let everyone = Set(share.keys).union(members)
    let all = reserve + everyone.reduce(0) { $0 + committed($1) }
    budget = max(plan, all)
    var pool = max(0, plan - all)
    for p in everyone { share[p] = committed(p) }
    for p in members {
      let give = min(pool, max(0, target(p) - committed(p)))
      share[p, default: 0] += give
      pool -= give
    }
  }

  mutating func start(_ id: String, _ p: String, rate: Int, now: Int) -> Bool {
    guard isOpen, members.contains(p), free(p) > 0 else { return false }
    let run = Run(participant: p, lastReport: now, started: now, rate: rate)
    runs[id] = run
    hold(id, min(run.slice, free(p)))
    return true
  }

  mutating func hold(_ id: String, _ amount: Int) {
    guard let p = runs[id]?.participant else { return }
    runs[id]?.held += amount
    held[p, default: 0] += amount
  }

  mutating func report(_ id: String, _ total: Int, now: Int, isLast: Bool = false) {
    guard let run = runs[id] else { return }
    let (p, runsNow) = (run.participant, run.state == "running")
    if runsNow || (isLast && run.state == "paused") {
      runs[id]?.lastReport = max(run.lastReport, now)
    }
    if total > run.counter, run.state != "finished" {
      let growth = total - run.counter
      let goesOn = run.state == "paused" && !run.pausedByOrganiser && growth > run.late
      let spare = runsNow || goesOn ? free(p) : min(run.late, free(p))
      let billed = min(growth, run.held + spare)
      if !runsNow { runs[id]?.late = max(0, run.late - billed) }
      hold(id, -min(run.held, billed))
      used[p, default: 0] += billed
      runs[id]?.used += billed
      runs[id]?.counter = total
      if runsNow {
        hold(id, min(max(0, run.slice - (runs[id]?.held ?? 0)), free(p)))
        if runs[id]?.held == 0, !isLast { end(id, "stopped", late: 0) }
      } else if run.state == "paused", !run.pausedByOrganiser, billed < growth, !isLast {
        end(id, "stopped", late: 0)
      }
    }
    if isLast { end(id, "finished", late: 0) }
  }

  mutating func end(_ id: String, _ state: String, late: Int) {
    guard let run = runs[id], run.state == "running" || run.state == "paused" else { return }
    let p = run.participant
    hold(id, -run.held)
    runs[id]?.state = state
    runs[id]?.late = late
    let own = members.contains(p) ? target(p) : 0
    let surplus = max(0, share[p, default: 0] - own, budget - plan - unallocated)
    share[p, default: 0] -= min(free(p), surplus)
    budget -= min(unallocated, max(0, budget - plan))
  }

  mutating func stop(_ id: String, _ words: String, byOrganiser: Bool) {
    guard let run = runs[id] else { return }
    if ["running", "paused"].contains(run.state) {
      end(id, "stopped", late: run.state == "running" ? run.held : run.late)
      runs[id]?.words = words
    } else if byOrganiser, run.state == "expired" || run.late > 0, run.words != words {
      runs[id]?.state = "stopped"
      runs[id]?.words = words
      runs[id]?.late = 0
    }
  }

  mutating func pause(_ id: String, byOrganiser: Bool) {
    guard let run = runs[id] else { return }
    if run.state == "running" { end(id, "paused", late: run.held) }
    runs[id]?.pausedByOrganiser = byOrganiser || (run.state == "paused" && run.pausedByOrganiser)
  }

  mutating func expire(_ id: String, idle: Int, now: Int) {
    guard let run = runs[id], run.state == "running", now - run.lastReport >= idle else { return }
    end(id, "expired", late: max(run.slice, run.rate * (now - run.lastReport) / 1_000))
  }

  mutating func resume(_ id: String, byOrganiser: Bool, now: Int) -> Bool {
    guard let run = runs[id], run.state == "running" || run.state == "paused" else { return false }
    if run.state == "running" { return true }
    guard byOrganiser || !run.pausedByOrganiser else { return false }
    guard isOpen, members.contains(run.participant), free(run.participant) > 0 else {
      return false
    }
    runs[id]?.state = "running"
    runs[id]?.late = 0
    runs[id]?.lastReport = max(run.lastReport, now)
    hold(id, min(run.slice, free(run.participant)))
    return true
  }

  mutating func setAllocation(_ p: String, _ total: Int) -> Bool {
    guard members.contains(p) else { return false }
    if total - share[p, default: 0] > reserve + unallocated { return false }
    let isRaise = total > share[p, default: 0]
    let young = runs.filter { $0.value.participant == p && $0.value.state == "running" }
      .sorted { ($0.value.started, $0.key) > ($1.value.started, $1.key) }
    for (id, run) in young where committed(p) > total { end(id, "stopped", late: run.held) }
    var change = max(total - share[p, default: 0], -free(p))
    if !isRaise { change = min(change, 0) }
    reserve -= change > 0 ? min(change, reserve) : change
    share[p, default: 0] += change
    extra[p, default: 0] += change
    return true
  }

  mutating func transfer(_ from: String, _ to: String, _ amount: Int) -> Bool {
    guard members.contains(from), members.contains(to), from != to, amount > 0,
      amount <= free(from)
    else { return false }
    for (p, change) in [(from, -amount), (to, amount)] {
      share[p, default: 0] += change
      extra[p, default: 0] += change
    }
    return true
  }

  mutating func topUp(_ p: String?, _ amount: Int) -> Bool {
    guard amount > 0, p.map(members.contains) ?? true else { return false }
    budget += amount
    added += amount
    guard let p else {
      reserve += amount
      return true
    }
    share[p, default: 0] += amount
    extra[p, default: 0] += amount
    return true
  }

  mutating func setReserve(_ amount: Int) -> Bool {
    guard amount - reserve <= unallocated else { return false }
    reserve = amount
    return true
  }
}
