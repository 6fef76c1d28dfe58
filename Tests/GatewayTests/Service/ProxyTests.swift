import API
import Foundation
import GatewayDomain
import Identity
import RPC
import Synchronization
import Testing

@testable import GatewayService

@Suite("The proxy")
struct ProxyTests {
  @Test("All four kinds of calls pass as they are", .timeLimit(.minutes(1)))
  func kinds() async throws {
    let house = try await House()
    let payload = [UInt8](repeating: 42, count: 200_000)
    let answer = try await house.echo.unary(TestingEcho(payload: payload))
    #expect(answer.payload == payload)
    let sum = try await house.echo.collect { writer in
      for _ in 0..<20 { try await writer.send(TestingEcho(payload: payload)) }
    }
    #expect(sum.responseBytes == 4_000_000)
    let received = try await house.echo.expand(
      TestingEcho(responseCount: 50, responseBytes: 100_000)
    ) { reader in
      var bytes = 0
      while let message = try await reader.next() { bytes += message.payload.count }
      return bytes
    }
    #expect(received == 5_000_000)
    try await house.echo.chat { writer, reader in
      for index in 0..<20 {
        try await writer.send(TestingEcho(payload: [UInt8(index)]))
        #expect(try await reader.next()?.payload == [UInt8(index)])
      }
    }
    await house.stop()
  }

  @Test("A backend's status comes back as it is, also in the middle of a stream")
  func statuses() async throws {
    let house = try await House()
    let failing = TestingEcho(statusCode: StatusCode.aborted.rawValue, statusMessage: "no")
    #expect(await House.failure { try await house.echo.unary(failing) } == .aborted("no"))
    let inStream = await House.failure {
      try await house.echo.chat { writer, reader in
        try await writer.send(TestingEcho(payload: [1]))
        _ = try await reader.next()
        try await writer.send(failing)
        _ = try await reader.next()
      }
    }
    #expect(inStream == .aborted("no"))
    await house.stop()
  }

  @Test("A deadline that passes in a service says how long each hop had the call")
  func deadlineHops() async throws {
    let house = try await House()
    var options = CallOptions()
    options.timeoutMilliseconds = 400
    let failure = try #require(
      await House.failure {
        try await house.echo.unary(TestingEcho(delayMilliseconds: 60_000), options: options)
      })
    #expect(failure.code == .deadlineExceeded && failure.details.origin == .runtime)
    let method = "assay.testing.v1.EchoService.Unary"
    #expect(failure.details.hops.map(\.hop) == ["gateway \(method)", "backend \(method)"])
    let times = failure.details.hops.map(\.spentMicroseconds)
    // The outer hop has had it longer, and neither longer than the caller gave.
    #expect(times.allSatisfy { (300_000...400_000).contains($0) } && times[0] >= times[1])
    await house.stop()
  }

  @Test("The backend sees the caller, the trace, the metadata and the deadline, not the key")
  func context() async throws {
    let house = try await House()
    let key = try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner])
    var options = house.options(key)
    options.metadata = ["x-test": "yes"]
    options.trace = TraceContext("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
    options.timeoutMilliseconds = 5_000
    // What the caller claims to be is thrown away.
    options.principal = [1, 2, 3]
    let client = CatalogUseCasesClient(house.client)
    let failure = await House.failure { [options] in
      try await client.getUseCase(CatalogGetUseCaseRequest(id: "uc_x"), options: options)
    }
    #expect(failure?.code == .notFound)
    let seen = try #require(house.backend.seen.first)
    #expect(seen.principal.tenant == "acme")
    #expect(seen.principal.email == "ann@acme.eu")
    #expect(seen.principal.roles == [.owner])
    #expect(seen.metadata["x-test"] == "yes")
    #expect(seen.traceID == "0123456789abcdef0123456789abcdef")
    #expect((1...5_000).contains(seen.remainingMilliseconds ?? 0))
    #expect(seen.credential.isEmpty)
    await house.stop()
  }

  @Test(
    "A call that the client gives up is given up behind the gateway too", .timeLimit(.minutes(1)))
  func cancellation() async throws {
    let house = try await House()
    let echo = house.echo
    let ended = Atomic(false)
    let call = Task {
      defer { ended.store(true, ordering: .relaxed) }
      return try await echo.unary(TestingEcho(delayMilliseconds: 600_000))
    }
    while house.backend.waitingCalls == 0 {
      // A call that fails before it arrives must say why, not keep the test waiting.
      if ended.load(ordering: .relaxed) { _ = try await call.value }
      try await Task.sleep(for: .milliseconds(5))
    }
    call.cancel()
    while house.backend.cancelledCalls == 0 { try await Task.sleep(for: .milliseconds(5)) }
    await house.stop()
  }

  @Test("Methods between services, unknown methods and unknown services do not exist")
  func hidden() async throws {
    let house = try await House()
    let operatorOptions = house.options(house.operatorKey)
    let between = APIDescriptors.methods.filter {
      $0.access.scope == AccessScope.service.rawValue
    }
    #expect(!between.isEmpty)
    let unknown = [
      "assay.catalog.v1.UseCases.Invent", "assay.nothing.v1.X.Y", "x",
      "assay.compute.v1.Runs.Start",
    ].map { MethodDescriptor(name: $0) }
    for method in between + unknown {
      for options in [operatorOptions, CallOptions()] {
        let failure = await House.failure {
          try await house.client.rawUnary(method, [], options: options)
        }
        // A service of which nothing is open to anyone does not exist either.
        let isKnown = method.service == "assay.catalog.v1.UseCases"
        let expected = isKnown ? RPCError.unimplementedMethod : RPCError.unimplementedService
        #expect(failure == expected(method.name))
      }
    }
    #expect(house.backend.seen.isEmpty)
    await house.stop()
  }

  @Test("Without a key no forwarded method is reached, and the wrong role gets into none")
  func door() async throws {
    let house = try await House()
    let viewer = house.options(
      try await house.tenant("acme", email: "v@acme.eu", roles: [.viewer]))
    for method in APIDescriptors.methods
    where method.name.hasPrefix("assay.catalog.") && method.access.scope != 4 {
      #expect(
        await House.code { try await house.client.rawUnary(method, []) } == .unauthenticated,
        "\(method.name)")
      guard !method.access.roles.isEmpty, !method.access.roles.contains(Role.viewer.rawValue)
      else { continue }
      #expect(
        await House.code { try await house.client.rawUnary(method, [], options: viewer) }
          == .permissionDenied, "\(method.name)")
    }
    #expect(house.backend.seen.isEmpty)
    await house.stop()
  }

  @Test("A service that is down is named, without its address")
  func unavailable() async throws {
    let house = try await House()
    let owner = house.options(
      try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner, .organiser]))
    let method = try #require(
      APIDescriptors.methods.first {
        $0.name.hasPrefix("assay.evaluation.") && $0.access.scope == AccessScope.caller.rawValue
          && !$0.clientStreaming && !$0.serverStreaming
      })
    let failure = await House.failure {
      try await house.client.rawUnary(method, [], options: owner)
    }
    #expect(failure?.code == .unavailable)
    #expect(failure?.message.contains("evaluation") == true)
    #expect(failure?.message.contains("127.0.0.1") == false)
    await house.stop()
  }

  @Test("A tenant over its rate is told which limit and when to try again; another is not touched")
  func quota() async throws {
    let house = try await House(
      limits: QuotaLimits(callsPerSecond: 20, concurrentCalls: 0, bytesPerSecond: 0))
    let acme = house.options(try await house.tenant("acme", email: "a@acme.eu", roles: [.owner]))
    let rival = house.options(try await house.tenant("rival", email: "r@rival.eu", roles: [.owner]))
    let identity = house.identity
    let failures = await withTaskGroup(of: RPCError?.self) { group in
      for _ in 0..<400 {
        group.addTask {
          await House.failure {
            // Not retried by the client: its method is not marked as safe to send again.
            try await identity.issueToken(IdentityIssueTokenRequest(), options: acme)
          }
        }
      }
      return await group.reduce(into: [RPCError]()) { if let error = $1 { $0.append(error) } }
    }
    let refusal = try #require(failures.first)
    #expect(refusal.code == .resourceExhausted)
    #expect(refusal.details.limit?.name == "tenant_calls_per_second")
    #expect(refusal.details.limit?.setting == "--tenant-calls-per-second")
    #expect((refusal.details.retryAfterMilliseconds ?? 0) > 0)
    _ = try await identity.whoAmI(IdentityWhoAmIRequest(), options: rival)
    await house.stop()
  }
}
