import API

/// Who is calling, as an issuer in the keyring has established it.
///
/// One reference to copy: it is handed down through every layer of a service.
public struct Principal: Sendable, Hashable {
  private final class Facts: Sendable {
    let tenant: String
    let user: String
    let email: String
    let roles: Set<Role>
    let keyID: String
    let issueTime: Int64
    let expireTime: Int64
    let issuer: String
    let isOperator: Bool
    let isService: Bool

    init(
      tenant: String, user: String, email: String, roles: Set<Role>, keyID: String,
      issueTime: Int64, expireTime: Int64, issuer: String
    ) {
      self.tenant = tenant
      self.user = user
      self.email = email
      self.roles = roles
      self.keyID = keyID
      self.issueTime = issueTime
      self.expireTime = expireTime
      self.issuer = issuer
      isOperator = roles.contains(.operator)
      isService = roles.contains(.service)
    }
  }

  private let facts: Facts

  /// Slug of the tenant; empty for a service.
  public var tenant: String { facts.tenant }
  /// Id of the user, or the name of a service.
  public var user: String { facts.user }
  /// Lower-case; empty for a service.
  public var email: String { facts.email }
  public var roles: Set<Role> { facts.roles }
  /// Id of the key that proved it.
  public var keyID: String { facts.keyID }
  /// Unix milliseconds.
  public var issueTime: Int64 { facts.issueTime }
  /// Unix milliseconds, at most `maximumLifetimeMilliseconds` after the issue.
  public var expireTime: Int64 { facts.expireTime }
  /// Name of the key in the keyring that signed it.
  public var issuer: String { facts.issuer }

  public static let maximumLifetimeMilliseconds: Int64 = 5 * 60 * 1_000
  /// How far apart two hosts' clocks may be.
  public static let maximumSkewMilliseconds: Int64 = 30 * 1_000

  public init(
    tenant: String, user: String, email: String, roles: Set<Role>, keyID: String = "",
    issueTime: Int64, expireTime: Int64, issuer: String = Keyring.gatewayIssuer
  ) {
    facts = Facts(
      tenant: tenant, user: user, email: email, roles: roles, keyID: keyID, issueTime: issueTime,
      expireTime: expireTime, issuer: issuer)
  }

  public static func == (a: Principal, b: Principal) -> Bool {
    a.facts === b.facts
      || a.tenant == b.tenant && a.user == b.user && a.email == b.email && a.roles == b.roles
        && a.keyID == b.keyID && a.issueTime == b.issueTime && a.expireTime == b.expireTime
        && a.issuer == b.issuer
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(tenant)
    hasher.combine(user)
    hasher.combine(keyID)
    hasher.combine(issueTime)
  }

  /// Whether it has at least one of these roles.
  public func has(_ wanted: Role...) -> Bool {
    !roles.isDisjoint(with: wanted)
  }

  public var isOperator: Bool { facts.isOperator }

  public var isService: Bool { facts.isService }

  /// Whether it is the service of that name, by a key of that name.
  public func isService(_ name: String) -> Bool {
    isService && user == name && issuer == name
  }
}

extension Principal {
  init(_ wire: IdentityPrincipal, issuer: String) {
    self.init(
      tenant: wire.tenant, user: wire.user, email: wire.email,
      roles: Set(wire.roles.compactMap(Role.init(_:))), keyID: wire.keyId,
      issueTime: wire.issueTime?.unixMilliseconds ?? 0,
      expireTime: wire.expireTime?.unixMilliseconds ?? 0, issuer: issuer)
  }

  /// The message of `assay.identity.v1`.
  public var wire: IdentityPrincipal {
    IdentityPrincipal(
      tenant: tenant, user: user, email: email,
      roles: roles.sorted { $0.rawValue < $1.rawValue }.map(\.wire),
      issueTime: Google_Protobuf_Timestamp(unixMilliseconds: issueTime),
      expireTime: Google_Protobuf_Timestamp(unixMilliseconds: expireTime), keyId: keyID)
  }
}

extension Google_Protobuf_Timestamp {
  /// A time in Unix milliseconds, also before 1970.
  public init(unixMilliseconds: Int64) {
    let (seconds, rest) = unixMilliseconds.quotientAndRemainder(dividingBy: 1_000)
    let borrow: Int64 = rest < 0 ? 1 : 0
    self.init(seconds: seconds - borrow, nanos: Int32(rest + borrow * 1_000) * 1_000_000)
  }

  /// Unix milliseconds, rounded down; clamped at the ends of Int64.
  public var unixMilliseconds: Int64 {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    return product.addingReportingOverflow(Int64(nanos / 1_000_000)).partialValue
  }
}
