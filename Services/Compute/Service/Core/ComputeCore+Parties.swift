import API
import ComputeBilling
import ComputeDomain
import Identity
import RPC
import Storage

extension ComputeCore {
  /// Sets who issues from now on.
  ///
  /// - Throws: `BillingFault.foreignPrefix` where another company has numbered with the prefix.
  func setSeller(_ seller: Seller, _ call: CallIdentity) async throws -> Versioned<Seller> {
    let now = clock.now()
    try await command { [vatRates] session in
      try seller.check(vatRates)
      try seller.checkAccount()
      try InvoiceStore.checkPrefix(session.tx, of: seller)
      try PartyStore.save(session.tx, seller, by: call.scope.user, at: now)
    }
    return try await self.seller()
  }

  func seller() async throws -> Versioned<Seller> {
    guard let seller = try await read({ try PartyStore.seller($0) }) else {
      throw RPCError(.notFound, "no seller is set")
    }
    return seller
  }

  /// Sets how a tenant is billed from its next invoice on.
  func setBillingProfile(
    _ request: ComputeBillingProfile, _ call: CallIdentity
  ) async throws -> ComputeBillingProfile {
    let tenant = try namedTenant(request.tenant, call)
    guard let buyer = request.buyer else { throw RPCError.invalidField("buyer", "is missing") }
    try checkText(request.buyerReference, field: "buyer_reference")
    _ = try zones.zone(request.timeZone)
    let profile = BillingProfile(
      buyer: Party(buyer), reference: request.buyerReference, zone: request.timeZone)
    let now = clock.now()
    return try await command { session in
      try profile.buyer.check()
      try PartyStore.save(session.tx, tenant: tenant, profile, by: call.scope.user, at: now)
      return try Self.billingProfile(session.tx, tenant: tenant)
    }
  }

  /// Takes a buyer's country and VAT id as true from now on. Again: nothing more.
  func confirmBuyer(
    _ request: ComputeConfirmBuyerRequest, _ call: CallIdentity
  ) async throws -> ComputeBillingProfile {
    let tenant = try namedTenant(request.tenant, call)
    let now = clock.now()
    let today = UTCDay(containing: now)
    let checked = request.checkedDate.isEmpty ? today : UTCDay(text: request.checkedDate)
    guard let checked, checked <= today else {
      throw RPCError.invalidField("checked_date", "a day that is reached, such as 2026-11-03")
    }
    let confirmation = BuyerConfirmation(
      checked: checked, evidence: request.evidence, confirmedBy: call.scope.user)
    return try await command { session in
      try confirmation.check()
      guard let profile = try PartyStore.profile(session.tx, tenant: tenant) else {
        throw RPCError.notFound("billing profile of tenant", tenant)
      }
      guard request.profileVersion == 0 || request.profileVersion == profile.version else {
        throw RPCError.failedPrecondition(
          "the profile of \(tenant) has changed: its version is \(profile.version) now; look again")
      }
      let buyer = profile.value.buyer
      guard buyer.country == request.country, buyer.vatID == request.vatId else {
        throw RPCError.failedPrecondition(
          "\(tenant) says country \(buyer.country) and VAT id \"\(buyer.vatID)\" now; check these")
      }
      if profile.value.confirmation != confirmation {
        try PartyStore.confirm(session.tx, tenant: tenant, profile.value, confirmation, at: now)
      }
      return try Self.billingProfile(session.tx, tenant: tenant)
    }
  }

  func billingProfile(
    _ name: String, _ call: CallIdentity
  ) async throws -> ComputeBillingProfile {
    let tenant = try namedTenant(name, call)
    return try await read { try Self.billingProfile($0, tenant: tenant) }
  }

  private static func billingProfile(
    _ db: Reader, tenant: String
  ) throws -> ComputeBillingProfile {
    guard let profile = try PartyStore.profile(db, tenant: tenant) else {
      throw RPCError.notFound("billing profile of tenant", tenant)
    }
    return ComputeBillingProfile(profile, tenant: tenant)
  }

  func namedTenant(_ name: String, _ call: CallIdentity) throws -> String {
    guard let tenant = try tenant(name, call.scope) else {
      throw RPCError.invalidField("tenant", "name the tenant")
    }
    return tenant
  }
}
