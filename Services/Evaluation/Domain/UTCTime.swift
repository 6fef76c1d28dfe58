/// An instant as people read it, "2026-11-23T14:05:09Z".
struct UTCTime: CustomStringConvertible {
  let milliseconds: Int64

  init(_ milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  var description: String {
    let day = UTCDay(containing: milliseconds)
    let second = (milliseconds - day.start) / 1_000
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(day)T\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
  }
}
