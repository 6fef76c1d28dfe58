import API

/// `assay invoice profile`, `seller`, `set-…`: who is billed, and by whom.
enum BillingPartyCommands {
  static let all = [profile, setProfile, confirmBuyer, seller, setSeller]

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
      VAT is charged as at the seller's home until an operator has confirmed the country and the VAT
      id; changing these, or name, address or registration, takes that back. Invoices that were
      issued stay as they are.
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

  static let confirmBuyer = Command(
    "invoice confirm-buyer", "Confirm a tenant's country and VAT id (operators only)",
    details: """
      Look at the profile first, and name the version that it shows: if the tenant has changed it
      since, nothing is confirmed. Say what you checked, as the profile has it, and what proves it:
      for a VAT id of the European Union the consultation number of VIES. From then on a buyer of
      another member state with a VAT id is billed by reverse charge, one without at its country's
      rate, and one outside the Union without VAT.
      """,
    options: [
      Option("tenant", "NAME", "the tenant", required: true),
      Option("country", "CODE", "the country that was checked", required: true),
      Option("vat-id", "ID", "the VAT id that was checked; none if it has none"),
      Option("evidence", "TEXT", "what proves it; kept, and part of invoices", required: true),
      Option("date", "YYYY-MM-DD", "when it was checked; today unless told"),
      Option("version", "N", "of the profile that was looked at"),
    ],
    examples: [
      "assay invoice confirm-buyer --tenant clinic --country FR --vat-id FR40303265045 "
        + "--evidence \"VIES WAPIAAAAZr3kPq1x\" --version 7"
    ]
  ) { call in
    let profile = try await call.session.invoices.confirmBuyer(
      ComputeConfirmBuyerRequest(
        tenant: call.arguments.text("tenant"), country: call.arguments.text("country"),
        vatId: call.arguments.text("vat-id"), evidence: call.arguments.text("evidence"),
        checkedDate: call.arguments.text("date"),
        profileVersion: try call.arguments.integer("version", in: 1...Int64.max) ?? 0),
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
    details: """
      Every change is kept, with who made it. A company has prefixes of its own: one with which a
      company of another VAT id has numbered is refused.
      """,
    options: address + [
      Option("iban", "IBAN", "the account to pay to, without spaces; its check digits must fit"),
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
    let confirmed = profile.confirmation.map { "on \($0.checkedDate): \($0.evidence)" }
    facts.add("version", String(profile.version))
    addCause(profile.setBy, profile.setTime, to: &facts)
    facts.add("confirmed", confirmed ?? "no, so VAT is charged as at the seller's home")
    return Answer(profile, text: facts.text)
  }

  private static func answer(_ seller: ComputeSeller) -> Answer {
    var facts = Facts()
    add(seller.party, to: &facts)
    facts.add("IBAN", seller.iban)
    facts.add("prefix", seller.numberPrefix)
    facts.add("payment", "\(seller.paymentDays) days")
    addCause(seller.setBy, seller.setTime, to: &facts)
    return Answer(seller, text: facts.text)
  }

  private static func addCause(
    _ user: String, _ time: Google_Protobuf_Timestamp?, to facts: inout Facts
  ) {
    facts.add("set by", user)
    facts.add("set", UTCTime.text(time))
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
