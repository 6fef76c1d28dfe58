import Storage

/// The grain of the usage table: quarters of an hour, of which every time zone's months are made.
enum UsagePeriod {
  static let milliseconds: Int64 = 900_000
  /// The first quarter of the year 10000.
  private static let endOfTime: Int64 = 281_558_112

  /// The number of the quarter that the moment lies in, since 1970.
  static func quarter(of time: Int64) -> Int64 {
    time.flooredQuotient(dividingBy: milliseconds)
  }

  /// When a quarter that was read from the database begins.
  ///
  /// - Parameter owner: whose usage it is, for the error: a tenant or a use case.
  /// - Throws: `StorageError.corrupt` for one in which nothing can have been used.
  static func start(of quarter: Int64, owner: String) throws -> Int64 {
    guard 0..<endOfTime ~= quarter else {
      throw StorageError.corrupt(
        "usage of \(owner) is in quarter \(quarter), which is no time of the ledger")
    }
    return quarter * milliseconds
  }
}
