import API
import ComputeBilling
import ComputeDomain
import Crypto
import Identity
import RPC
import Storage

extension ComputeCore {
  /// The tenant that a caller asks about: operators name any or none, everybody else their own.
  ///
  /// - Returns: `nil` for an operator that names none.
  func tenant(_ name: String, _ scope: TenantScope) throws -> String? {
    if scope.has(.operator) { return name.isEmpty ? nil : name }
    guard name.isEmpty || name == scope.tenant else {
      throw RPCError.permissionDenied("tenant \(name): only operators see other tenants")
    }
    return scope.tenant
  }

  /// Sets a further version of the price. What was used before it begins keeps its own.
  ///
  /// Again, also without an idempotency key: the version that there is.
  func setPrice(
    _ request: ComputeSetPriceRequest, _ call: CallIdentity
  ) async throws -> ComputePrice {
    guard let wanted = request.price else { throw RPCError.invalidField("price", "is missing") }
    let made = Identifier.make(prefix: "price", random: random)
    let version = wanted.version.isEmpty ? made : wanted.version
    try checkText(version, field: "price.version")
    return try await once(call, key: request.idempotencyKey, request: request) {
      [self] session in
      let now = clock.now()
      let validFrom = wanted.validFrom?.unixMilliseconds ?? now
      let tariff = try Tariff(
        Price(
          version: version, validFrom: validFrom, nanoEuroPerGFLOP: wanted.nanoEuroPerGflop),
        tenant: wanted.tenant,
        tiers: wanted.tiers.map {
          PriceTier(above: GFLOP($0.aboveGflop), nanoEuroPerGFLOP: $0.nanoEuroPerGflop)
        })
      guard try wanted.tenant.isEmpty || Self.knows(tenant: wanted.tenant, session.tx) else {
        throw RPCError.notFound("use case or billing profile of tenant", wanted.tenant)
      }
      if let known = try Self.known(tariff, as: wanted, session.tx) { return ComputePrice(known) }
      guard validFrom >= now else {
        throw RPCError.invalidField(
          "price.valid_from", "now or later: a price never touches what was used before it")
      }
      try PriceStore.insert(session.tx, tariff, by: call.scope.user, at: now)
      session.pricesChanged()
      return ComputePrice(PriceStore.Record(tariff: tariff, setTime: now))
    }
  }

  /// Whether a tenant has a use case, or has said how it is billed: a price of another one would be
  /// a slip in the name, and nobody's.
  private static func knows(tenant: String, _ db: Reader) throws -> Bool {
    try db.exists("SELECT 1 FROM use_cases WHERE tenant = ?1", tenant)
      || db.exists("SELECT 1 FROM profile_versions WHERE tenant = ?1", tenant)
  }

  /// The version that says already what is wanted: the one of that name; of no name, the one that
  /// holds for the tenant when the wanted one would begin.
  ///
  /// - Throws: ALREADY_EXISTS where the name is another price's.
  private static func known(
    _ tariff: Tariff, as wanted: ComputePrice, _ db: Reader
  ) throws -> PriceStore.Record? {
    let named = !wanted.version.isEmpty
    let record =
      try named
      ? PriceStore.find(db, version: wanted.version)
      : PriceStore.inForce(db, tenant: tariff.tenant, at: tariff.price.validFrom)
    guard let record else { return nil }
    let (price, known) = (tariff.price, record.tariff.price)
    // Whoever names no time wants a price that holds now, whenever that was first asked.
    let holds =
      wanted.validFrom == nil
      ? known.validFrom <= price.validFrom : known.validFrom == price.validFrom
    let isSame =
      holds && record.tariff.tenant == tariff.tenant && record.tariff.tiers == tariff.tiers
      && known.nanoEuroPerGFLOP == price.nanoEuroPerGFLOP
    if isSame { return record }
    guard !named else { throw RPCError.alreadyExists("price of another content", wanted.version) }
    return nil
  }

  func listPrices(
    _ request: ComputeListPricesRequest, _ call: CallIdentity
  ) async throws -> ComputeListPricesResponse {
    let tenant = try tenant(request.tenant, call.scope)
    let records = try await read { try PriceStore.records($0, of: tenant) }
    return ComputeListPricesResponse(prices: records.map { ComputePrice($0) })
  }

  /// What a plan would cost the caller's tenant.
  func quote(
    _ request: ComputeQuoteRequest, _ call: CallIdentity
  ) async throws -> ComputeQuoteResponse {
    guard request.participants >= 0,
      Int64(request.participants) <= ComputeLimits.maximumParticipants
    else {
      throw RPCError.invalidField(
        "participants", "0 to \(ComputeLimits.maximumParticipants)")
    }
    guard request.gflopEach >= 0 else { throw RPCError.invalidField("gflop_each", "0 or more") }
    guard request.reserveGflop >= 0 else {
      throw RPCError.invalidField("reserve_gflop", "0 or more")
    }
    let plan = BudgetPlan(
      participants: Int64(request.participants), each: GFLOP(request.gflopEach))
    let time = request.priceTime?.unixMilliseconds ?? clock.now()
    let tariffs = try await read { try PriceStore.list($0, for: call.scope.tenant) }
    var tariff = tariffs.tariff(at: time)
    if !request.priceVersion.isEmpty {
      guard let named = tariffs.tariff(request.priceVersion) else {
        throw RPCError.notFound("price", request.priceVersion)
      }
      tariff = named
    }
    do {
      return ComputeQuoteResponse(
        try Quote(plan: plan, reserve: GFLOP(request.reserveGflop), tariff: tariff))
    } catch {
      throw ComputeError.status(of: error, report: report)
    }
  }
}
