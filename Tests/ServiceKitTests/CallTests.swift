import API
import Crypto
import Identity
import RPC
import Testing
import Transport

@testable import ServiceKit

/// What surrounds each handler, called as a server calls it.
@Suite("Around a call")
struct CallTests {
  private static let now: Int64 = 1_800_000_000_000
  private let clock = ManualWallClock(now)
  private let gateway: PrincipalSigner
  private let compute: PrincipalSigner
  private let authorizer: PrincipalAuthorizer
  private let metrics = MetricsRegistry()
  private let lines = Lines()

  init() {
    let (gatewayKey, computeKey) = (Ed25519.PrivateKey(), Ed25519.PrivateKey())
    gateway = PrincipalSigner(issuer: "gateway", key: gatewayKey)
    compute = PrincipalSigner(issuer: "compute", key: computeKey)
    authorizer = PrincipalAuthorizer(
      Keyring(keys: ["gateway": gatewayKey.publicKey, "compute": computeKey.publicKey]),
      clock: clock.clock)
  }

  private func user(_ roles: Set<Role>) -> [UInt8] {
    gateway.sign(
      Principal(
        tenant: "acme", user: "usr_1", email: "a@b.eu", roles: roles, issueTime: Self.now,
        expireTime: Self.now + 300_000))
  }

  private func outcome(_ method: MethodDescriptor, _ principal: [UInt8]) -> StatusCode {
    var context = ServerContext.detached(method: method, principal: principal)
    do {
      try authorizer.authorize(&context)
      return .ok
    } catch {
      return (error as? RPCError)?.code ?? .unknown
    }
  }

  @Test(
    "Nobody, the wrong role, an expired and a forged principal get into no method",
    arguments: APIDescriptors.methods)
  func matrix(_ method: MethodDescriptor) {
    let isOpen = method.access.scope == AccessScope.anyone.rawValue
    let expected: StatusCode = isOpen ? .ok : .unauthenticated
    #expect(outcome(method, []) == expected)
    var forged = user(Set(Role.allCases).subtracting([.service]))
    forged[forged.count - 1] ^= 1
    #expect(outcome(method, forged) == expected)
    let everything = user(Set(Role.allCases).subtracting([.service]))
    let good: StatusCode =
      method.access.scope == AccessScope.service.rawValue ? .unimplemented : .ok
    #expect(outcome(method, everything) == good)
    clock.advance(milliseconds: 300_000 + Principal.maximumSkewMilliseconds)
    #expect(outcome(method, everything) == expected)
  }

  @Test("Each role opens the methods that name it, and no other", arguments: APIDescriptors.methods)
  func roles(_ method: MethodDescriptor) {
    for role in Role.allCases where role != .service && !method.access.roles.isEmpty {
      let isNamed = method.access.roles.contains(role.rawValue)
      #expect((outcome(method, user([role])) == .ok) == isNamed, "\(method.name) by \(role.name)")
    }
  }

  @Test("The handler finds the verified principal and its scope")
  func attachment() throws {
    var context = ServerContext.detached(
      method: IdentityIdentityMethods.whoAmI, principal: user([.viewer]))
    #expect(throws: RPCError.self) { try context.principal() }
    try authorizer.authorize(&context)
    #expect(try context.principal().tenant == "acme")
    #expect(try context.scope().email == "a@b.eu")
    #expect(context.caller?.signed == context.principal)
  }

  @Test("What is known of a principal holds for as long as it does itself, at both ends")
  func knownPrincipal() throws {
    let presented = PresentedPrincipal(user([.viewer]))
    func refusal() -> String? {
      var context = ServerContext.detached(
        method: IdentityIdentityMethods.whoAmI, presented: presented)
      do {
        try authorizer.authorize(&context)
        return nil
      } catch {
        return (error as? RPCError).map { "\($0.code): \($0.message)" } ?? "\(error)"
      }
    }
    func refused(_ error: IdentityError) -> String { "\(StatusCode.unauthenticated): \(error)" }

    let skew = Principal.maximumSkewMilliseconds
    #expect(presented.facts == nil && refusal() == nil)
    let known = try #require(presented.facts)
    clock.advance(milliseconds: 300_000 + skew - 1)
    #expect(refusal() == nil)
    clock.advance(milliseconds: 1)
    #expect(refusal() == refused(.expired))
    clock.set(Self.now - skew)
    #expect(refusal() == nil)
    clock.set(Self.now - skew - 1)
    #expect(refusal() == refused(.notYetValid))
    #expect(presented.facts === known)
  }

  @Test("A service is let into what is between services, and into nothing of users")
  func services() {
    let signed = compute.servicePrincipal(now: Self.now)
    for method in APIDescriptors.methods {
      let isAllowed = [AccessScope.service.rawValue, AccessScope.anyone.rawValue].contains(
        method.access.scope)
      #expect((outcome(method, signed) == .ok) == isAllowed, "\(method.name)")
    }
  }

  private func observer(
    methods: [MethodDescriptor] = [],
    mapError: @escaping @Sendable (any Error) -> RPCError? = { _ in nil }
  ) -> CallObserver {
    CallObserver(
      log: Logger(service: "t", level: .debug, write: { [lines] in lines.append($0) }),
      metrics: metrics, methods: methods, authorization: .atOnce { _ in },
      mapError: mapError)
  }

  private struct Broken: Error, CustomStringConvertible {
    let description = "table secrets_of_others is missing"
  }

  @Test("An unforeseen error is an INTERNAL with a reference, and its text is in the log only")
  func internalErrors() throws {
    let observer = observer()
    let mapError = try #require(observer.interceptor.mapError)
    let error = mapError(Broken(), .detached())
    #expect(error.code == .internal)
    #expect(!error.message.contains("secrets_of_others"))
    let reference = try #require(error.message.split(separator: " ").first { $0.hasPrefix("err_") })
    observer.flush()
    #expect(lines.all.contains { $0.contains("secrets_of_others") && $0.contains(reference) })
  }

  @Test("The program's own mapping of errors goes first")
  func mapping() throws {
    let observer = observer { $0 is Broken ? .unavailable("later") : nil }
    let mapError = try #require(observer.interceptor.mapError)
    let error = mapError(Broken(), .detached())
    #expect(error == .unavailable("later"))
  }

  @Test("Calls are counted by method and status, and invented names together")
  func counts() throws {
    let interceptor = observer().interceptor
    for name in [IdentityIdentityMethods.whoAmI.name, "evil.A", "evil.B"] {
      var context = ServerContext.detached(method: MethodDescriptor(name: name))
      try interceptor.authorizeAtOnce?(&context)
      interceptor.completed?(context, .notFound, 1_000_000)
    }
    let text = metrics.text
    #expect(text.contains(#"{method="assay.identity.v1.Identity.WhoAmI",status="NOT_FOUND"} 1"#))
    #expect(text.contains(#"{method="unknown",status="NOT_FOUND"} 2"#))
    #expect(text.contains("assay_calls_in_flight 0"))
  }

  @Test("A server's methods are counted each by its name, and are in flight while they are open")
  func served() async throws {
    let (one, other) = (MethodDescriptor(name: "t.S.One"), MethodDescriptor(name: "t.S.Other"))
    let during = Lines()
    var router = Router()
    router.unary(one) { (request: TestingEcho, _) in request }
    router.unary(other) { [metrics] (_: TestingEcho, _) -> TestingEcho in
      during.append(metrics.text)
      throw RPCError(.notFound, "no")
    }
    let observer = observer(methods: router.numberedMethods)
    let server = Server(router: router, interceptor: observer.interceptor)
    // One loop for both sides: a call is counted before the client can have its answer.
    let group = EventLoopGroup(loopCount: 1, name: "counted")
    defer { group.shutDown() }
    let listener = try await Listener.start(
      server: server, host: "127.0.0.1", port: 0, group: group)
    defer {
      listener.close()
      server.closeAll()
    }
    let channel = Channel(
      try SocketConnector(name: "t", target: "127.0.0.1:\(listener.port)", group: group))
    await #expect(throws: RPCError.self) {
      let _: TestingEcho = try await channel.unary(other, TestingEcho())
    }
    for _ in 0..<2 { let _: TestingEcho = try await channel.unary(one, TestingEcho()) }

    #expect(during.all.count == 1 && during.all[0].contains("assay_calls_in_flight 1\n"))
    let text = metrics.text
    #expect(text.contains("assay_calls_in_flight 0\n"))
    #expect(text.contains(#"assay_calls_total{method="t.S.One",status="OK"} 2"#))
    #expect(text.contains(#"assay_calls_total{method="t.S.Other",status="NOT_FOUND"} 1"#))
    #expect(text.contains(#"assay_call_seconds_count{method="t.S.One"} 2"#))
    #expect(text.contains(#"assay_call_seconds_count{method="t.S.Other"} 1"#))
  }
}
