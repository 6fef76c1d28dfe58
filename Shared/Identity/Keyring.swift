import API
import Codec
import Crypto
import Foundation
import Synchronization

/// Why a principal is not accepted. The text goes to the caller: it names no key and no secret.
public enum IdentityError: Error, Equatable, Sendable, CustomStringConvertible {
  case missing
  case malformed
  case unknownIssuer
  case wrongSignature
  case expired
  case notYetValid
  case lifetimeTooLong
  case notForIssuer
  case keyring(String)

  public var description: String {
    switch self {
    case .missing: "the call carries no principal: call through the gateway"
    case .malformed: "the principal is malformed"
    case .unknownIssuer: "the principal's issuer is not trusted here"
    case .wrongSignature: "the principal's signature is wrong"
    case .expired: "the principal has expired"
    case .notYetValid: "the principal is from the future: check the hosts' clocks"
    case .lifetimeTooLong: "the principal's lifetime is over the limit of five minutes"
    case .notForIssuer: "the principal's issuer may not sign for this identity"
    case .keyring(let reason): reason
    }
  }
}

/// The public keys that a service trusts, by issuer, and what each may sign: the gateway signs
/// users; every other issuer signs only itself, as a service.
public final class Keyring: Sendable {
  public static let gatewayIssuer = "gateway"
  /// Verified principals kept, so that a busy caller's signature is checked once.
  private static let cacheLimit = 4_096

  private let keys: [String: Ed25519.PublicKey]
  private let cache = Mutex<[[UInt8]: Principal]>([:])

  public init(keys: [String: Ed25519.PublicKey]) {
    self.keys = keys
  }

  /// Reads `<issuer>.pem` files.
  ///
  /// - Throws: `IdentityError.keyring` naming the file at fault.
  public convenience init(directory: String) throws {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw IdentityError.keyring("cannot read the trusted keys in \(directory): \(error)")
    }
    var keys: [String: Ed25519.PublicKey] = [:]
    for name in names where name.hasSuffix(".pem") {
      do {
        let pem = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
        keys[String(name.dropLast(4))] = try Ed25519.PublicKey(pem: pem)
      } catch {
        throw IdentityError.keyring("\(directory)/\(name) is no Ed25519 public key: \(error)")
      }
    }
    self.init(keys: keys)
  }

  public var issuers: [String] { keys.keys.sorted() }

  /// The principal of a serialized SignedPrincipal.
  ///
  /// - Parameter now: Unix milliseconds.
  public func verify(_ signed: [UInt8], now: Int64) throws(IdentityError) -> Principal {
    guard !signed.isEmpty else { throw .missing }
    if let known = cache.withLock({ $0[signed] }) {
      try checkTimes(known, now: now)
      return known
    }
    let principal = try verifySignature(signed)
    try checkTimes(principal, now: now)
    cache.withLock { cache in
      if cache.count >= Keyring.cacheLimit { cache.removeAll(keepingCapacity: true) }
      cache[signed] = principal
    }
    return principal
  }

  private func verifySignature(_ signed: [UInt8]) throws(IdentityError) -> Principal {
    guard let envelope = try? IdentitySignedPrincipal(serialized: signed) else {
      throw .malformed
    }
    guard let key = keys[envelope.issuer] else { throw .unknownIssuer }
    guard key.isValid(envelope.signature, for: envelope.principal) else { throw .wrongSignature }
    guard let wire = try? IdentityPrincipal(serialized: envelope.principal) else {
      throw .malformed
    }
    let principal = Principal(wire, issuer: envelope.issuer)
    guard Keyring.mayIssue(principal) else { throw .notForIssuer }
    return principal
  }

  /// A stolen key of a service must not make users, nor the gateway's make services.
  private static func mayIssue(_ principal: Principal) -> Bool {
    if principal.issuer == gatewayIssuer {
      return !principal.isService && !principal.tenant.isEmpty && !principal.user.isEmpty
    }
    return principal.roles == [.service] && principal.user == principal.issuer
      && principal.tenant.isEmpty
  }

  /// Whether a principal that was verified before is still to be taken.
  ///
  /// - Parameter now: Unix milliseconds.
  public func checkTimes(_ principal: Principal, now: Int64) throws(IdentityError) {
    let skew = Principal.maximumSkewMilliseconds
    // The times come from the wire: no subtraction of theirs may trap.
    let (lifetime, overflow) = principal.expireTime.subtractingReportingOverflow(
      principal.issueTime)
    guard !overflow, lifetime <= Principal.maximumLifetimeMilliseconds
    else { throw .lifetimeTooLong }
    guard principal.issueTime <= now + skew else { throw .notYetValid }
    guard principal.expireTime + skew > now else { throw .expired }
  }
}
