/// Lengths of time as people type them: `90s`, `30m`, `12h`, `7d`, `52w`.
enum Lifetime {
  /// Seconds; nil if it is no such length or none at all.
  static func seconds(_ text: String) -> Int64? {
    guard let unit = text.last, let scale = scales[unit], let count = Int64(text.dropLast()),
      count > 0
    else { return nil }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: scale)
    return overflow ? nil : seconds
  }

  private static let scales: [Character: Int64] = [
    "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800,
  ]
}
