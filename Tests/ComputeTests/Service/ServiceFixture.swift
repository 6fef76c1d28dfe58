import API
import ComputeDomain
import Crypto
import Foundation
import Identity
import RPC
import Storage
import Testing

@testable import ComputeService

/// The service on a database of its own, and a clock that a test moves by hand.
final class ServiceFixture: Sendable {
  /// 2026-11-01T00:00:00Z.
  static let opening: Int64 = 1_793_491_200_000
  static let useCase = "uc_1"

  let folder: String
  let clock = ManualWallClock(ServiceFixture.opening)
  let core: ComputeCore

  init(settings: ComputeSettings? = nil) throws {
    folder = NSTemporaryDirectory() + "compute-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    core = try Self.open(folder, clock, settings)
  }

  private static func open(
    _ folder: String, _ clock: ManualWallClock, _ settings: ComputeSettings? = nil
  ) throws -> ComputeCore {
    ComputeCore(
      database: try ComputeCore.openDatabase(path: "\(folder)/compute.sqlite"),
      clock: clock.clock, settings: settings ?? ComputeSettings(holdIdleMilliseconds: 60_000),
      report: { Issue.record("reported: \($0)") })
  }

  deinit {
    core.database.closeSync()
    try? FileManager.default.removeItem(atPath: folder)
  }

  var path: String { "\(folder)/compute.sqlite" }

  /// The same database, opened anew as after a restart.
  func reopened() throws -> ComputeCore {
    core.database.closeSync()
    return try Self.open(folder, clock)
  }

  /// Terms as Catalog sends them: participants par_1 … of tenants vendor-1 …
  func sync(
    version: Int64 = 1, id: String = ServiceFixture.useCase, tenant: String = "clinic",
    planned: Int32 = 10, each: GFLOP = .pflop(200), participants: Int = 2,
    state: CatalogUseCaseState = .published, end: Int64? = nil
  ) async throws {
    var snapshot = CatalogUseCaseSnapshot()
    snapshot.id = id
    snapshot.version = version
    snapshot.tenant = tenant
    snapshot.title = "Breast cancer"
    snapshot.state = state
    snapshot.endTime = end.map { Google_Protobuf_Timestamp(unixMilliseconds: $0) }
    var budget = CatalogComputeBudget()
    budget.participants = planned
    budget.gflopEach = each.value
    snapshot.budget = budget
    snapshot.participants = (0..<participants).map { index in
      var participant = CatalogSnapshotParticipant()
      participant.id = "par_\(index + 1)"
      participant.tenant = "vendor-\(index + 1)"
      participant.name = "Vendor \(index + 1)"
      participant.emails = ["ada@vendor-\(index + 1).example"]
      participant.joinTime = Google_Protobuf_Timestamp(
        unixMilliseconds: Self.opening + Int64(index))
      return participant
    }
    _ = try await core.sync(UseCaseTerms(snapshot), actor: "catalog", trace: "")
  }

  // MARK: - Commands

  @discardableResult
  func start(
    _ caller: CallIdentity = .vendor(1), rate: GFLOP = .zero, key: String = ""
  ) async throws -> ComputeRunBalance {
    var request = ComputeStartRunRequest()
    request.useCaseId = Self.useCase
    request.gflopPerSecond = rate.value
    request.idempotencyKey = key
    return try await core.startRun(request, caller)
  }

  @discardableResult
  func report(
    _ run: String, _ total: GFLOP, _ caller: CallIdentity = .vendor(1), key: String = ""
  ) async throws -> ComputeRunBalance {
    var request = ComputeReportUsageRequest()
    request.runId = run
    request.totalGflop = total.value
    request.idempotencyKey = key
    return try await core.reportUsage(request, caller)
  }

  @discardableResult
  func finish(
    _ run: String, _ total: GFLOP = .zero, _ caller: CallIdentity = .vendor(1), key: String = ""
  ) async throws -> ComputeRunBalance {
    var request = ComputeFinishRunRequest()
    request.runId = run
    request.totalGflop = total.value
    request.idempotencyKey = key
    return try await core.finishRun(request, caller)
  }

  @discardableResult
  func stop(
    _ run: String, _ caller: CallIdentity, reason: String = ""
  ) async throws -> ComputeRunBalance {
    var request = ComputeStopRunRequest()
    request.runId = run
    request.reason = reason
    return try await core.stopRun(request, caller)
  }

  /// A whole run: started, and finished at its counter.
  @discardableResult
  func train(_ total: GFLOP, _ caller: CallIdentity = .vendor(1)) async throws -> String {
    let run = try await start(caller).id
    try await finish(run, total, caller)
    return run
  }

  func topUp(_ amount: GFLOP, to participant: String) async throws {
    let request = ComputeTopUpRequest(
      useCaseId: Self.useCase, participantId: participant, gflop: amount.value,
      idempotencyKey: "top-up/\(participant)/\(amount.value)")
    _ = try await core.topUp(request, .clinic(.owner))
  }

  func billingReport(
    _ caller: CallIdentity = .clinic(.billing), useCase: String = "", month: String = "",
    _ grouping: ComputeReportGrouping = .participant
  ) async throws -> ComputeGetBillingReportResponse {
    var request = ComputeGetBillingReportRequest()
    request.useCaseId = useCase
    request.month = month
    request.grouping = grouping
    return try await core.billingReport(request, caller)
  }

  func audit() async throws -> AuditResult {
    try await core.read { try LedgerAudit.run($0) }
  }
}

extension ComputeRunBalance {
  var id: String { run?.id ?? "" }
}

extension CallIdentity {
  static func of(
    tenant: String, user: String, email: String, _ roles: Set<Role>,
    until expireTime: Int64 = .max / 2
  ) -> CallIdentity {
    let principal = Principal(
      tenant: tenant, user: user, email: email, roles: roles, issueTime: 0,
      expireTime: expireTime)
    return CallIdentity(principal, method: "test", trace: "")
  }

  /// A data scientist of a vendor.
  static func vendor(_ number: Int, user: String = "ada") -> CallIdentity {
    of(
      tenant: "vendor-\(number)", user: "usr_\(user)_\(number)",
      email: "\(user)@vendor-\(number).example", [.participant])
  }

  /// The same caller, whose proof of who it is expires at the moment.
  func expiring(at time: Int64) -> CallIdentity {
    .of(
      tenant: scope.tenant, user: scope.user, email: scope.email, scope.roles,
      until: time - Principal.maximumSkewMilliseconds)
  }

  /// Somebody of the organisation that owns the use case.
  static func clinic(_ role: Role) -> CallIdentity {
    of(tenant: "clinic", user: "usr_\(role.name)", email: "\(role.name)@clinic.example", [role])
  }

  /// Somebody who has nothing to do with it, whatever the role.
  static func stranger(_ role: Role) -> CallIdentity {
    of(tenant: "elsewhere", user: "usr_x", email: "x@elsewhere.example", [role])
  }
}

/// The status code that `body` fails with; `ok` if it does not.
func status(of body: () async throws -> Void) async -> StatusCode {
  do { try await body() } catch let error as RPCError { return error.code } catch {
    return .unknown
  }
  return .ok
}
