/// One field at fault: its name in the schema, and what is wrong with it.
public struct FieldFault: Hashable, Sendable {
  public let field: String
  /// What was wrong, what was expected.
  public let description: String

  public init(_ field: String, _ description: String) {
    self.field = field
    self.description = description
  }
}

/// A named limit that was reached.
public struct LimitReached: Hashable, Sendable {
  public let name: String
  public let limit: Int64
  /// What the request would have made of it.
  public let actual: Int64
  /// The setting that changes the limit; empty if nothing does.
  public let setting: String

  public init(name: String, limit: Int64, actual: Int64, setting: String = "") {
    self.name = name
    self.limit = limit
    self.actual = actual
    self.setting = setting
  }
}

/// Why the catalogue does not do what it was asked for. Mapped to a status in one place.
public enum CatalogError: Error, Equatable, Sendable {
  /// The request itself is wrong, whatever the state of things.
  case invalid([FieldFault])
  /// The request is right but not in the present state; fields where single ones are the cause.
  case notNow(String, [FieldFault] = [])
  /// It does not exist, or the caller may not know that it does.
  case notFound(kind: String, name: String)
  /// Another one has the name.
  case taken(kind: String, name: String, String)
  case limit(String, LimitReached)
  /// The caller saw an older version than the present one.
  case stale(seen: String, present: String)

  /// A single field at fault.
  public static func invalid(_ field: String, _ description: String) -> CatalogError {
    .invalid([FieldFault(field, description)])
  }
}

extension CatalogError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalid(let faults):
      faults.map { "\($0.field): \($0.description)" }.joined(separator: "; ")
    case .notNow(let message, _): message
    case .notFound(let kind, let name): "no such \(kind): \(name)"
    case .taken(_, _, let message): message
    case .limit(let message, _): message
    case .stale(let seen, let present):
      "it was changed since you read it: its etag is \(present), yours is \(seen); "
        + "read it again and repeat the change"
    }
  }
}
