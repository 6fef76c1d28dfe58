/// A part of a budget or an allocation that has been reached.
public struct Alert: Sendable, Hashable {
  public let useCase: String
  /// Empty for the use case's whole budget.
  public let participant: String
  /// Percent.
  public let threshold: Int64
  public let used: GFLOP
  /// The budget or the share of which `used` is a part.
  public let total: GFLOP
  /// Unix milliseconds.
  public let time: Int64

  public init(
    useCase: String, participant: String, threshold: Int64, used: GFLOP, total: GFLOP, time: Int64
  ) {
    self.useCase = useCase
    self.participant = participant
    self.threshold = threshold
    self.used = used
    self.total = total
    self.time = time
  }
}

/// Which alerts a use case has, and which of them have been told.
///
/// Each is told once when what is used reaches its part of the total, exactly there too; it is
/// armed again when a raise has made what is used less than that part, and by nothing else: who
/// takes a threshold away and sets it again is not told twice.
public struct AlertBook: Sendable, Equatable {
  /// Percent, rising.
  public internal(set) var thresholds: [Int64]
  /// By participant, and under "" for the whole: what has been told, also of thresholds that have
  /// been taken away since.
  public internal(set) var told: [String: Set<Int64>]

  public static let standardThresholds: [Int64] = [50, 80, 100]

  public init(
    thresholds: [Int64] = AlertBook.standardThresholds, told: [String: Set<Int64>] = [:]
  ) {
    self.thresholds = thresholds
    self.told = told
  }

  /// Whether a threshold is to be told, or one that was told is to be armed again.
  func hasNews(_ participant: String, used: GFLOP, total: GFLOP) -> Bool {
    // Mostly nothing has been told, and the lowest is not reached.
    guard !told.isEmpty, let told = told[participant] else {
      return thresholds.first.map { isReached($0, used, total) } ?? false
    }
    for threshold in told where !isReached(threshold, used, total) { return true }
    for threshold in thresholds where isReached(threshold, used, total) {
      if !told.contains(threshold) { return true }
    }
    return false
  }

  private func isReached(_ threshold: Int64, _ used: GFLOP, _ total: GFLOP) -> Bool {
    // Also at 64 bits' end: the products are of 128.
    used > .zero && Int128(used.value) * 100 >= Int128(total.value) * Int128(threshold)
  }

  /// Brings what was told up to date with the figures, and returns what is to be told now.
  mutating func update(_ participant: String, used: GFLOP, total: GFLOP) -> [Int64] {
    let before = told[participant] ?? []
    let reached = thresholds.filter { isReached($0, used, total) }
    let after = before.filter { isReached($0, used, total) }.union(reached)
    told[participant] = after.isEmpty ? nil : after
    return reached.filter { !before.contains($0) }
  }
}
