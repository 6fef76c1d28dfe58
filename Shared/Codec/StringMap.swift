/// A protobuf map with strings as keys: a dictionary by `String` that tells keys apart by their
/// bytes; see `UTF8Key`.
@frozen
public struct StringMap<Value> {
  /// The entries as a dictionary.
  public var entries: [UTF8Key: Value]

  @inlinable
  public init(entries: [UTF8Key: Value] = [:]) { self.entries = entries }

  @inlinable
  public init(_ dictionary: [String: Value]) {
    // Unequal strings have unequal bytes.
    entries = Dictionary(uniqueKeysWithValues: dictionary.lazy.map { (UTF8Key($0), $1) })
  }

  /// The value of a key; set to nil, the key is removed.
  @inlinable
  public subscript(key: String) -> Value? {
    get { entries[UTF8Key(key)] }
    _modify { yield &entries[UTF8Key(key)] }
  }

  /// The value of a key, or the default where there is none; to be changed in place.
  @inlinable
  public subscript(key: String, default value: @autoclosure () -> Value) -> Value {
    get { entries[UTF8Key(key), default: value()] }
    _modify { yield &entries[UTF8Key(key), default: value()] }
  }

  @inlinable
  public var keys: some Collection<String> { entries.keys.lazy.map(\.string) }

  @inlinable
  public var values: some Collection<Value> { entries.values }

  /// A dictionary of Swift's, to which keys that Unicode holds to be equal are one: it has the
  /// value of the key whose bytes come last.
  @inlinable
  public var dictionary: [String: Value] {
    let sorted = entries.count > 1 ? entries.sorted { $0.key < $1.key } : Array(entries)
    return Dictionary(sorted.lazy.map { ($0.key.string, $0.value) }) { _, last in last }
  }
}

extension StringMap: Collection {
  public typealias Index = Dictionary<UTF8Key, Value>.Index

  @inlinable
  public var startIndex: Index { entries.startIndex }
  @inlinable
  public var endIndex: Index { entries.endIndex }
  @inlinable
  public var count: Int { entries.count }
  @inlinable
  public var isEmpty: Bool { entries.isEmpty }
  @inlinable
  public func index(after index: Index) -> Index { entries.index(after: index) }

  @inlinable
  public subscript(position: Index) -> (key: String, value: Value) {
    let (key, value) = entries[position]
    return (key.string, value)
  }
}

extension StringMap: ExpressibleByDictionaryLiteral {
  @inlinable
  public init(dictionaryLiteral elements: (String, Value)...) {
    entries = Dictionary(elements.lazy.map { (UTF8Key($0), $1) }) { _, last in last }
  }
}

extension StringMap: Equatable where Value: Equatable {}
extension StringMap: Hashable where Value: Hashable {}
extension StringMap: Sendable where Value: Sendable {}

extension StringMap: CustomStringConvertible {
  public var description: String { entries.description }
}
