import API

/// `assay invoice profile`, `seller`, `set-…`: who is billed, and by whom.
enum BillingPartyCommands {
  static let all = [profile, setProfile, seller, setSeller]

  private static let address = [
    Option("name", "TEXT", "the organisation's legal name", required: true),
    Option("street", "TEXT", "street and number"),
    Option("city", "TEXT", "town"),
    Option("postal-code", "TEXT", "postal code"),
    Option("country", "CODE", "two letters (ISO 3166-1)", required: true),
    Option("vat-id", "ID", "VAT id with the country's letters"),
    Option("registration", "TEXT", "number in the register of companies"),
    Option("email", "ADDRESS", "where invoices go"),
  ]

  private static let tenant = Option(
    "tenant", "NAME", "the tenant; your own unless you are an operator")

  static let profile = Command(
    "invoice profile", "Show how a tenant is billed", options: [tenant],
    examples: ["assay invoice profile"]
  ) { call in
    let profile = try await call.session.invoices.getBillingProfile(
      ComputeGetBillingProfileRequest(tenant: call.arguments.text("tenant")),
      options: call.session.callOptions)
    return answer(profile)
  }

  static let setProfile = Command(
    "invoice set-profile", "Set how a tenant is billed from its next invoice on",
    details: """
      With a VAT id of another member state of the European Union than the seller's, invoices are
      by reverse charge. Invoices that were issued stay as they are.
      """,
    options: address + [
      Option("reference", "TEXT", "printed on invoices: an order's number, a department"),
      Option(
        "time-zone", "NAME", "whose months are billed, such as Europe/Berlin; else UTC"),
      tenant,
    ],
    examples: [
      "assay invoice set-profile --name \"St. Mary's Clinic\" --country FR --city Lyon "
        + "--vat-id FR40303265045 --time-zone Europe/Paris"
    ]
  ) { call in
    let profile = try await call.session.invoices.setBillingProfile(
      ComputeBillingProfile(
        tenant: call.arguments.text("tenant"), buyer: party(call.arguments),
        buyerReference: call.arguments.text("reference"),
        timeZone: call.arguments.text("time-zone")),
      options: call.session.callOptions)
    return answer(profile)
  }

  static let seller = Command(
    "invoice seller", "Show who issues the invoices (operators only)",
    examples: ["assay invoice seller"]
  ) { call in
    answer(
      try await call.session.invoices.getSeller(
        ComputeGetSellerRequest(), options: call.session.callOptions))
  }

  static let setSeller = Command(
    "invoice set-seller", "Set who issues the invoices from now on (operators only)",
    options: address + [
      Option("iban", "IBAN", "the account to pay to, without spaces"),
      Option("prefix", "TEXT", "what invoice numbers begin with"),
      Option("payment-days", "N", "days until an invoice is due (30)"),
    ],
    examples: [
      "assay invoice set-seller --name \"Assay GmbH\" --country DE --vat-id DE123456789 "
        + "--registration \"HRB 1234 B\" --iban DE75512108001245126199"
    ]
  ) { call in
    let seller = ComputeSeller(
      party: party(call.arguments), iban: call.arguments.text("iban"),
      numberPrefix: call.arguments.text("prefix"),
      paymentDays: try call.arguments.integer("payment-days", in: 0...365) ?? 30)
    return answer(
      try await call.session.invoices.setSeller(seller, options: call.session.callOptions))
  }

  private static func party(_ arguments: Arguments) -> ComputeParty {
    ComputeParty(
      name: arguments.text("name"), street: arguments.text("street"),
      city: arguments.text("city"), postalCode: arguments.text("postal-code"),
      country: arguments.text("country"), vatId: arguments.text("vat-id"),
      registration: arguments.text("registration"), email: arguments.text("email"))
  }

  private static func answer(_ profile: ComputeBillingProfile) -> Answer {
    var facts = Facts()
    facts.add("tenant", profile.tenant)
    add(profile.buyer, to: &facts)
    facts.add("reference", profile.buyerReference)
    facts.add("time zone", profile.timeZone.isEmpty ? "UTC" : profile.timeZone)
    return Answer(profile, text: facts.text)
  }

  private static func answer(_ seller: ComputeSeller) -> Answer {
    var facts = Facts()
    add(seller.party, to: &facts)
    facts.add("IBAN", seller.iban)
    facts.add("prefix", seller.numberPrefix)
    facts.add("payment", "\(seller.paymentDays) days")
    return Answer(seller, text: facts.text)
  }

  private static func add(_ party: ComputeParty?, to facts: inout Facts) {
    guard let party else { return }
    facts.add("name", party.name)
    facts.add("street", party.street)
    facts.add("city", party.city)
    facts.add("postal code", party.postalCode)
    facts.add("country", party.country)
    facts.add("VAT id", party.vatId)
    facts.add("registration", party.registration)
    facts.add("e-mail", party.email)
  }
}
