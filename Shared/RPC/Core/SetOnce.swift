import Synchronization

/// A reference that is set once, and read by any thread at the cost of a load.
///
/// `AtomicLazyReference` is the same; but it asks the runtime for its metadata at each load, which
/// made a tenth of a small call's work on the server (Swift 6.3.1).
public struct SetOnce<Value: AnyObject & Sendable>: ~Copyable, Sendable {
  /// The address of a retained object; 0 before there is one.
  @usableFromInline let address = Atomic<UInt>(0)

  public init() {}

  deinit {
    Self.reference(address.load(ordering: .acquiring))?.release()
  }

  @inlinable
  public var value: Value? {
    Self.reference(address.load(ordering: .acquiring))?.takeUnretainedValue()
  }

  /// Sets it, if nobody has.
  ///
  /// - Returns: what it is set to now.
  @inlinable
  public func set(_ value: Value) -> Value {
    let new = Unmanaged.passRetained(value)
    let (isSet, current) = address.compareExchange(
      expected: 0, desired: UInt(bitPattern: new.toOpaque()), ordering: .acquiringAndReleasing)
    guard !isSet else { return value }
    new.release()
    return Self.reference(current)?.takeUnretainedValue() ?? value
  }

  @inlinable
  static func reference(_ address: UInt) -> Unmanaged<Value>? {
    UnsafeRawPointer(bitPattern: address).map { Unmanaged.fromOpaque($0) }
  }
}
