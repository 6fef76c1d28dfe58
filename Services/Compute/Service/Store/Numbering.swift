/// Gives each value a small number: an audit of millions of rows keeps those.
struct Numbering<Value: Hashable & Sendable>: Sendable {
  private var numbers: [Value: Int32] = [:]
  private var values: [Value] = []

  mutating func number(_ value: Value) -> Int32 {
    if let number = numbers[value] { return number }
    let number = Int32(values.count)
    numbers[value] = number
    values.append(value)
    return number
  }

  func value(_ number: Int32) -> Value { values[Int(number)] }
}
