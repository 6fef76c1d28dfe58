/// What can be wrong with a quantity of compute or money.
public enum QuantityError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The result does not fit into 64 bits; the text says which operation.
  case overflow(String)
  /// Not a plain decimal number.
  case malformed(String)
  /// More fraction digits than the unit has.
  case tooPrecise(String, fractionDigits: Int)

  public var description: String {
    switch self {
    case .overflow(let operation):
      "\(operation) is beyond what 64 bits hold; use smaller quantities"
    case .malformed(let text):
      "\"\(text)\" is not a decimal number such as 200 or 0.4 (digits and one point, no sign)"
    case .tooPrecise(let text, let fractionDigits):
      "\"\(text)\" has more than \(fractionDigits) digits after the point"
    }
  }
}
