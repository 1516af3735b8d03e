/** Published or made-up examples of every kind of personal data, with the words round them; none is anybody's. */

export type PiiExample = {
  readonly rule: string
  readonly before: string
  readonly value: string
  /** Not found where the words before it say nothing. */
  readonly needsContext?: true
}

const named = (rule: string, before: string, ...values: readonly string[]): readonly PiiExample[] =>
  values.map((value) => ({ rule, before, value, needsContext: true }))
const plain = (rule: string, ...values: readonly string[]): readonly PiiExample[] =>
  values.map((value) => ({ rule, before: 'It is ', value }))

export const PII_EXAMPLES: readonly PiiExample[] = [
  ...plain(
    'pii.email',
    'jane.doe@mail-server.example.com',
    "o'brien+list@sub.domain.co.uk",
    'patricia.ramírez38@mail.com',
    'иван@почта.рф',
  ),
  ...plain(
    'pii.phone',
    '+1 (415) 555-2671',
    '+44 20 7946 0958',
    '+49 (0)30 901820',
    '+33 1 23 45 67 89',
    '+919876543210',
    '(415) 555-2671',
  ),
  ...plain('pii.phone', '415-555-2671', '415.555.2671', '1-800-555-0199', '+1 415 555 2671 ext. 55', '+49 30 - 901820'),
  ...named('pii.phone', 'Call me on ', '0477 11 28 98', '(11) 4706-6184', '73 448 266', '030 901820'),
  ...named('pii.phone', '我的手机', '13800138000'),
  ...plain(
    'pii.credit_card',
    '4539 1488 0343 6467',
    '4539148803436467',
    '5425-2334-3010-9903',
    '3782 822463 10005',
    '6011000990139424',
  ),
  ...plain(
    'pii.iban',
    'GB29 NWBK 6016 1331 9268 19',
    'DE89370400440532013000',
    'NL91 ABNA 0417 1643 00',
    'MT84MALT011000012345MTLCAST001S',
  ),
  ...named('pii.iban', 'IBAN: ', 'DE71075430670119998199'),
  ...plain('pii.us_ssn', '536-22-8726', '536 22 8726'),
  ...named('pii.us_ssn', 'SSN: ', '993-93-9993', '536228726', '123-45-6789'),
  ...plain('pii.us_itin', '912-70-1234'),
  ...named('pii.us_ein', 'EIN: ', '76-8013785'),
  ...plain('pii.uk_nino', 'AB123456C', 'AB 12 34 56 C'),
  ...named('pii.uk_nhs', 'NHS number ', '943 476 5919', '9434765919'),
  ...named('pii.ca_sin', 'My SIN is ', '046-454-286', '046 454 286'),
  ...named('pii.au_tfn', 'tax file number ', '123 456 782'),
  ...named('pii.au_abn', 'ABN ', '51 824 753 556'),
  ...named('pii.au_medicare', 'medicare card ', '2123 45670 1'),
  ...named('pii.de_steuer_id', 'Steuer-ID: ', '86 095 742 719', '65929970489'),
  ...named('pii.de_personalausweis', 'Personalausweis ', 'T220001293'),
  ...named('pii.passport', 'passport no. ', 'C01X00T47', '12AB34567', 'YA1234567', 'AAA123456', '963545637'),
  ...plain('pii.fr_nir', '2 55 08 14 168 025 38', '255081416802538'),
  ...plain('pii.it_codice_fiscale', 'RSSMRA85T10A562S'),
  ...plain('pii.es_dni', '12345678Z', '12345678-Z'),
  ...plain('pii.es_nie', 'X1234567L', 'X-1234567-L'),
  ...named('pii.nl_bsn', 'BSN ', '111222333'),
  ...named('pii.pl_pesel', 'PESEL: ', '44051401359'),
  ...plain('pii.se_personnummer', '811218-9876', '19811218-9876'),
  ...named('pii.se_personnummer', 'personnummer ', '8112189876'),
  ...plain('pii.be_rrn', '85.07.30-033.28'),
  ...named('pii.pt_nif', 'NIF ', '501 442 600'),
  ...plain('pii.fi_hetu', '131052-308T'),
  ...named('pii.dk_cpr', 'CPR ', '070761-4285', '070761 4285'),
  ...plain('pii.no_fnr', '29029600013', '290296 00013'),
  ...plain('pii.ch_ahv', '756.9217.0769.85'),
  ...named('pii.at_svnr', 'SVNR ', '1237 010180'),
  ...plain('pii.in_aadhaar', '9999 4105 7058'),
  ...named('pii.in_aadhaar', 'aadhaar ', '999941057058'),
  ...plain('pii.in_pan', 'ABCPE1234F'),
  ...plain('pii.br_cpf', '529.982.247-25'),
  ...plain('pii.br_cnpj', '11.444.777/0001-61'),
  ...plain('pii.mx_curp', 'HEGG560427MVZRRL04'),
  ...plain('pii.cn_resident_id', '11010519491231002X'),
  ...named('pii.jp_my_number', 'my number ', '1234 5678 9018'),
  ...plain('pii.kr_rrn', '850101-1234567'),
  ...plain('pii.sg_nric', 'S1234567D'),
  ...plain('pii.za_id', '8001015009087', '800101 5009 087'),
  ...named('pii.national_id', 'insurance_id: ', 'NID-900188951'),
  ...named('pii.medical_record', 'mrn: ', 'MRN-1026337'),
  ...named('pii.bank_account', 'Account: ', '8077434423'),
  ...plain('pii.ip_address', '203.0.113.77', '2001:db8:85a3::8a2e:370:7334', 'fe80::1ff:fe23:4567:890a'),
  ...plain('pii.mac_address', '26:ea:ae:36:fa:82', 'AB-C8-F6-7D-E3-4B', '00e0.fc12.3456'),
  ...named('pii.imei', 'IMEI ', '490154203237518', '49-015420-323751-8'),
  ...plain('pii.crypto_wallet', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'),
  ...plain('pii.crypto_wallet', '0x52908400098527886E0F7030069857D2E4169EE7'),
  ...named(
    'pii.date_of_birth',
    'Born on ',
    '1984-05-12',
    '12/05/1984',
    '12 March 1984',
    'March 12, 1984',
    '3rd of May 1990',
    '12 de marzo de 1984',
  ),
  ...named('pii.date_of_birth', 'geboren am 3.5.1984, also ', '3. Mai 1984'),
  ...plain('pii.url_credentials', ['https://jane', 's3cr3t-Pw@intranet.example.com'].join(':')),
  ...plain('pii.address', '7486 Oak Ave, Riverside, GA 75095', '221 Baker Street'),
  { rule: 'pii.person_name', before: 'My name is ', value: 'Maria van der Berg' },
  { rule: 'pii.person_name', before: 'Name: ', value: 'John Smith' },
]
