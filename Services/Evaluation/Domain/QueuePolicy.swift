/// A job that waits, as the queue's policy sees it.
public struct WaitingJob: Hashable, Sendable {
  public var id: String
  /// Grows with every evaluation: smaller is older.
  public var sequence: Int64
  public var participant: String
  /// Hash of the truth that the job needs.
  public var dataset: String
  /// How many jobs behind it were preferred because a worker held their dataset.
  public var timesPassedOver: Int

  public init(
    id: String, sequence: Int64, participant: String, dataset: String, timesPassedOver: Int = 0
  ) {
    self.id = id
    self.sequence = sequence
    self.participant = participant
    self.dataset = dataset
    self.timesPassedOver = timesPassedOver
  }
}

/// Who is scored next.
///
/// Fair in rounds: a participant's first job (running ones count) is in round one, its second in
/// round two; all of a round come before the next round, and within a round the oldest is first. So
/// a participant gets a second job scored ahead of others only while none of them waits for a
/// first, and nobody is held up by another's batch.
public struct QueuePolicy: Hashable, Sendable {
  /// A job is passed over for one whose dataset the worker holds at most this often.
  public var maximumPasses: Int
  /// Only this many jobs from the head on are looked at for a dataset that the worker holds.
  public var preferenceWindow: Int

  public init(maximumPasses: Int = 4, preferenceWindow: Int = 16) {
    self.maximumPasses = maximumPasses
    self.preferenceWindow = preferenceWindow
  }

  public static let defaults = QueuePolicy()

  /// The waiting jobs in the order in which they are to be scored.
  ///
  /// - Parameter running: how many jobs of each participant are being scored.
  public func order(_ waiting: [WaitingJob], running: [String: Int]) -> [WaitingJob] {
    var nextRound = running
    var rounds: [(round: Int, job: WaitingJob)] = []
    rounds.reserveCapacity(waiting.count)
    for job in waiting.sorted(by: { $0.sequence < $1.sequence }) {
      let round = nextRound[job.participant, default: 0]
      nextRound[job.participant] = round + 1
      rounds.append((round, job))
    }
    rounds.sort { ($0.round, $0.job.sequence) < ($1.round, $1.job.sequence) }
    return rounds.map(\.job)
  }

  /// What a worker is given.
  public struct Choice: Hashable, Sendable {
    public var job: WaitingJob
    /// Jobs that stood before it and are passed over this time.
    public var passedOver: [WaitingJob]
  }

  /// The next job for a worker that holds these datasets; nil when nothing waits.
  public func choose(
    from waiting: [WaitingJob], running: [String: Int], held: Set<String>
  ) -> Choice? {
    let ordered = order(waiting, running: running)
    guard let head = ordered.first else { return nil }
    var passed: [WaitingJob] = []
    for job in ordered.prefix(preferenceWindow) {
      if held.contains(job.dataset) { return Choice(job: job, passedOver: passed) }
      if job.timesPassedOver >= maximumPasses { break }
      passed.append(job)
    }
    return Choice(job: head, passedOver: [])
  }

  /// Each waiting job's place, counted from 1.
  public func places(_ waiting: [WaitingJob], running: [String: Int]) -> [String: Int] {
    var places: [String: Int] = [:]
    for (index, job) in order(waiting, running: running).enumerated() { places[job.id] = index + 1 }
    return places
  }
}
