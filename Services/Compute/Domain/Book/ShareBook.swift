/// What organisers have changed by hand of the shares that the plan gives.
public struct ShareBook: Sendable, Equatable {
  /// How much more, or less, than the plan's share each participant is to have.
  public internal(set) var adjustments: [String: GFLOP]
  /// What was added to the plan's budget.
  public internal(set) var toppedUp: GFLOP

  public init(adjustments: [String: GFLOP] = [:], toppedUp: GFLOP = .zero) {
    self.adjustments = adjustments
    self.toppedUp = toppedUp
  }

  mutating func adjust(_ participant: String, by amount: GFLOP) throws(QuantityError) {
    let sum = try (adjustments[participant] ?? .zero) + amount
    adjustments[participant] = sum == .zero ? nil : sum
  }

  /// The share that a member is to have.
  func share(of participant: String, each: GFLOP) throws(QuantityError) -> GFLOP {
    max(.zero, try each + (adjustments[participant] ?? .zero))
  }
}
