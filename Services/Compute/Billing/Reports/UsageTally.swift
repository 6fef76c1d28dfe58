import ComputeDomain

/// What was used at one moment and price: by one run, or by all of a participant's.
public struct UsageRecord: Sendable, Equatable {
  public let useCase: String
  public let participant: String
  /// Empty for all of them.
  public let run: String
  public let priceVersion: String
  /// Unix milliseconds.
  public let time: Int64
  public var quantity: GFLOP

  public init(
    useCase: String, participant: String, run: String, priceVersion: String, time: Int64,
    quantity: GFLOP
  ) {
    self.useCase = useCase
    self.participant = participant
    self.run = run
    self.priceVersion = priceVersion
    self.time = time
    self.quantity = quantity
  }
}

/// Sums of usage at one rate, made in one pass over any number of records; memory holds the sums.
public struct UsageTally {
  /// What sums are kept apart by, besides use case, participant, price version and rate.
  public enum Detail: Sendable, Hashable {
    case month, day, run
  }

  public struct Key: Sendable, Hashable {
    /// In the tenant's zone, as the day is; `nil` where nobody asks.
    public let month: UTCMonth?
    public let day: UTCDay?
    public let useCase: String
    public let participant: String
    public let run: String
    public let priceVersion: String
    public let nanoEuroPerGFLOP: Int64
  }

  public private(set) var sums: [Key: GFLOP] = [:]
  private let detail: Detail
  private let zone: TimeZoneRules
  private var rating: Rating
  /// The day of the last record, for the next is nearly always of the same.
  private var day: (value: UTCDay, milliseconds: Range<Int64>)?

  public init(by detail: Detail, rating: Rating, zone: TimeZoneRules) {
    self.detail = detail
    self.rating = rating
    self.zone = zone
  }

  /// Rates a record, and adds it where `isWanted`; every record of a tenant's month has to pass,
  /// so that tiers are reached when they are.
  public mutating func add(_ record: UsageRecord, isWanted: Bool = true) throws {
    let month = detail == .month ? rating.month(of: record.time) : nil
    let day = detail == .day ? day(of: record.time) : nil
    var sums = self.sums
    self.sums = [:]
    defer { self.sums = sums }
    try rating.rate(record.quantity, version: record.priceVersion, at: record.time) {
      part, rate throws(QuantityError) in
      guard isWanted else { return }
      let key = Key(
        month: month, day: day, useCase: record.useCase, participant: record.participant,
        run: detail == .run ? record.run : "", priceVersion: record.priceVersion,
        nanoEuroPerGFLOP: rate)
      sums[key] = try sums[key, default: .zero] + part
    }
  }

  private mutating func day(of time: Int64) -> UTCDay {
    if let day, day.milliseconds.contains(time) { return day.value }
    let value = zone.day(containing: time)
    day = (value, zone.start(of: value)..<zone.start(of: UTCDay(number: value.number + 1)))
    return value
  }
}
