/**
 * Code that a model writes and that would be a hole if it ran as it stands. Nothing here is worth a block by itself: the same lines stand
 * in every lesson on security, and the reader may know what it does. Not caught: holes that need more than a line or two to be seen.
 */
import type { Rule } from '../rule.ts'
import { pattern } from './grades.ts'

type Rest = Omit<Rule, 'version' | 'since' | 'category' | 'directions' | 'origins' | 'findingType' | 'id'>

function insecure(id: string, rest: Rest): Rule {
  return {
    id: `unsafe-code.${id}`,
    version: 1,
    since: '0.1.0',
    findingType: 'insecure_code',
    category: 'unsafe_code',
    directions: ['output'],
    origins: ['assistant', 'tool_call'],
    ...rest,
  }
}

/** Values that come from outside. */
const INPUT =
  '(?:req(?:uest)?\\.(?:body|query|params|args|form|get|post|values|json|data|cookies|headers)|\\$_(?:get|post|request|cookie|server)\\b|params\\[|input\\s{0,2}\\(|sys\\.argv|process\\.argv|argv\\[|getparameter\\s{0,2}\\(|user_?input|userinput|untrusted|location\\.(?:search|hash|href)|document\\.(?:url|referrer)|event\\.data|stdin|r\\.url\\.query|r\\.formvalue|ctx\\.query)'
const SQL =
  '(?:select\\s[^"\'`\\n]{1,120}?\\sfrom\\s|insert\\s{1,8}into\\s|update\\s[^"\'`\\n]{1,60}?\\sset\\s|delete\\s{1,8}from\\s)'
const SQL_WORDS = [['select', 'insert', 'update', 'delete']] as const

export const UNSAFE_CODE_RULES: readonly Rule[] = [
  insecure('eval.input', {
    severity: 'high',
    confidence: 0.75,
    description: 'Input from outside is evaluated as code',
    words: [['eval', 'exec', 'function', 'settimeout', 'instance_eval', 'assert', 'vm']],
    pattern: pattern(
      `\\b(?:eval|exec|new function|settimeout|instance_eval|assert|runinnewcontext|runinthiscontext)\\s{0,2}\\([^)\\n]{0,60}?${INPUT}`,
    ),
    examples: [
      'result = eval(input("expression: "))',
      'eval(req.query.code)',
      'eval($_GET["x"]);',
      'new Function(userInput)()',
    ],
    counterExamples: ['JSON.parse(req.body)', 'Do not call eval with input from users.'],
  }),
  insecure('eval.any', {
    severity: 'low',
    confidence: 0.5,
    description: 'A variable is evaluated as code',
    words: [['eval', 'exec']],
    pattern: /(?:^|[\s=(;{])(?:eval|exec)\s?\(\s?(?!["'`)]|user)[a-z_$][\w$.]{0,40}\s?[),]/gu,
    examples: ['const result = eval(expression)', 'exec(source, scope)'],
    counterExamples: ['regex.exec(line)', 'eval("1 + 1")'],
  }),
  insecure('sql.concatenated', {
    severity: 'medium',
    confidence: 0.75,
    description: 'A statement for a database is put together from strings',
    words: SQL_WORDS,
    pattern: pattern(
      `["'\`]\\s{0,20}${SQL}[^"\\n]{0,160}?["']\\s{0,4}(?:\\+|\\.(?=\\s{0,2}\\$)|\\|\\||&|%(?=\\s{0,2}[(a-z]))\\s{0,4}["'$a-z_(]`,
    ),
    examples: [
      'query = "SELECT * FROM users WHERE name = \'" + name + "\'"',
      '$sql = "DELETE FROM posts WHERE id = " . $_GET["id"];',
      'cursor.execute("SELECT id FROM t WHERE a = \'%s\'" % value)',
    ],
    counterExamples: [
      'cursor.execute("SELECT id FROM users WHERE email = %s", (email,))',
      'db.query("SELECT 1 FROM a WHERE b = ?", [b])',
    ],
  }),
  insecure('sql.interpolated', {
    severity: 'medium',
    confidence: 0.7,
    description: 'A value is written into a statement for a database',
    words: SQL_WORDS,
    pattern: pattern(
      `(?:\\bf["']{1,3}\\s{0,20}${SQL}[^"\\n]{0,200}?\\{[a-z_]|(?<!sql)\`\\s{0,20}${SQL}[^\`]{0,200}?\\$\\{|["']\\s{0,20}${SQL}[^"\\n]{0,200}?#\\{|string\\.format\\s{0,2}\\(\\s{0,2}"\\s{0,20}${SQL}|sprintf\\s{0,2}\\(\\s{0,2}"\\s{0,20}${SQL}[^"\\n]{0,160}?%[sdv]|\\$"\\s{0,20}${SQL}[^"\\n]{0,200}?\\{[a-z_]|format!\\(\\s{0,2}"\\s{0,20}${SQL})`,
    ),
    examples: [
      'cur.execute(f"SELECT * FROM users WHERE id = {user_id}")',
      'db.query(`SELECT * FROM users WHERE id = ${id}`)',
      'fmt.Sprintf("DELETE FROM t WHERE id = %s", id)',
      'String.format("SELECT a FROM b WHERE c = %s", c)',
    ],
    counterExamples: ['sql`SELECT * FROM users WHERE id = ${id}`', 'conn.execute("SELECT a FROM b WHERE c = $1", [c])'],
  }),
  insecure('tls.unverified', {
    severity: 'medium',
    confidence: 0.75,
    description: "A server's certificate is not verified",
    words: [
      [
        'verify',
        'rejectunauthorized',
        'reject',
        'node_tls',
        'tls',
        'insecureskipverify',
        'curlopt',
        'ssl',
        '_create_unverified',
        'create',
        'cert_none',
        'cert',
        'check_hostname',
        'check',
        'allow',
        'noop',
        'trust',
        'servercertificate',
        'verify_none',
        'danger',
        'servercertificatecustomvalidationcallback',
        'strictssl',
        'strict',
      ],
    ],
    pattern:
      /\bverify\s{0,2}=\s{0,2}false\b|["']?rejectunauthorized["']?\s{0,2}[:=]\s{0,2}false|node_tls_reject_unauthorized["'\]]{0,2}\s{0,2}[:=]\s{0,2}["']?0|insecureskipverify\s{0,2}:\s{0,2}true|curlopt_ssl_verify(?:peer|host)\s{0,2}(?:,|=>)\s{0,2}(?:false|0)|_create_unverified_context|\bcert_none\b|check_hostname\s{0,2}=\s{0,2}false|allow_all_hostname_verifier|noophostnameverifier|trustallcert\w{0,20}|servercertificatecustomvalidationcallback\s{0,2}=[^;\n]{0,80}?true|\bverify_none\b|danger_accept_invalid_certs\s{0,2}\(\s{0,2}true|"?strict-?ssl"?\s{0,2}[:=]\s{0,2}false/gu,
    examples: [
      'requests.get(url, verify=False)',
      'new https.Agent({ rejectUnauthorized: false })',
      'process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"',
      '&tls.Config{InsecureSkipVerify: true}',
      'curl_setopt($c, CURLOPT_SSL_VERIFYPEER, false);',
      'ctx = ssl._create_unverified_context()',
    ],
    counterExamples: ['requests.get(url, verify="/etc/ssl/company.pem")', 'tls.connect({ rejectUnauthorized: true })'],
  }),
  insecure('secret.hard-coded', {
    severity: 'medium',
    confidence: 0.65,
    description: 'A password or a key stands in the code',
    words: [['password', 'passwd', 'pwd', 'secret', 'api', 'apikey', 'token', 'private', 'db', 'access']],
    pattern:
      /\b(?:db_?|admin_?|root_?|my_?)?(?:password|passwd|pwd|secret(?:_?key)?|api_?key|auth_?token|access_?(?:token|key)|private_?key)["']?\s{0,3}(?::\s?(?:str|string|&str)\s{0,2})?(?:=|:|=>)\s{0,3}["'](?!["']|(?:your|my|the|some|example|changeme|change_me|placeholder|password|secret|xxx|\*\*\*|<|\$|\{|%|\.\.\.|todo|test|dummy|insert|enter|env|process|none|null|sk-\.{2}|sk-x))[^"'\s{}<>]{6,120}["']/gu,
    examples: ['password = "Tr0ub4dor&3"', 'const apiKey = "9f8e7d6c5b4a39281706"', '"db_password": "s3cr3t-pa55"'],
    counterExamples: [
      'password = "<your password>"',
      'password = os.environ["DB_PASSWORD"]',
      'api_key="YOUR_API_KEY"',
      'placeholder for the password: "changeme"',
    ],
  }),
  insecure('command.injection', {
    severity: 'high',
    confidence: 0.75,
    description: 'A command for a shell is put together from values',
    words: [
      [
        'os',
        'subprocess',
        'exec',
        'execsync',
        'spawn',
        'system',
        'popen',
        'shell_exec',
        'passthru',
        'runtime',
        'getruntime',
        'process',
        'backtick',
        'sh',
        'proc_open',
        'command',
      ],
    ],
    pattern: pattern(
      `\\bos\\.(?:system|popen)\\s{0,2}\\(\\s{0,2}(?:f["'][^"'\\n]{0,160}?\\{|["'][^"\\n]{0,160}?["']\\s{0,2}(?:\\+|%|\\.format))|\\bsubprocess\\.\\w{3,14}\\s{0,2}\\(\\s{0,2}(?:f["'][^\\n]{0,160}?\\{[^\\n]{0,160}?shell\\s?=\\s?true|[^)\\n]{0,120}?(?:\\+|%|\\.format)[^)\\n]{0,120}?shell\\s?=\\s?true)|\\bexec(?:sync)?\\s{0,2}\\(\\s{0,2}(?:\`[^\`\\n]{0,200}?\\$\\{|["'][^"'\\n]{1,120}?["']\\s{0,2}\\+\\s?[a-z])|\\b(?:system|passthru|shell_exec|popen|proc_open|exec)\\s{0,2}\\([^)\\n]{0,100}?${INPUT}|\\.exec\\s{0,2}\\(\\s{0,2}"[^"\\n]{1,100}?"\\s?\\+|\\bexec\\.command\\s{0,2}\\(\\s{0,2}"(?:ba)?sh"\\s{0,2},\\s{0,2}"-c"\\s{0,2},\\s{0,2}(?:fmt\\.sprintf|"[^"\\n]{0,100}?"\\s?\\+|[a-z])`,
    ),
    examples: [
      'os.system(f"convert {name} out.png")',
      'subprocess.run("ping " + host, shell=True)',
      'exec(`convert ${file} out.png`)',
      'system($_GET["cmd"]);',
      'Runtime.getRuntime().exec("ping " + host);',
      'exec.Command("sh", "-c", "ls " + dir)',
    ],
    counterExamples: [
      "execFile('git', ['log', '--oneline'])",
      'subprocess.run(["git", "log"], check=True, shell=False)',
      'const found = pattern.exec(line)',
    ],
  }),
  insecure('deserialise', {
    severity: 'medium',
    confidence: 0.65,
    description: 'Data from outside is turned into objects that can run code',
    words: [
      [
        'pickle',
        'yaml',
        'unserialize',
        'marshal',
        'readobject',
        'objectinputstream',
        'cpickle',
        'dill',
        'jsonpickle',
        'binaryformatter',
        'node-serialize',
        'torch',
      ],
    ],
    pattern: pattern(
      `\\b(?:c?pickle|dill|marshal|jsonpickle)\\.(?:loads?|decode)\\s{0,2}\\([^)\\n]{0,60}?(?:${INPUT}|recv|data|body|payload|content)|\\byaml\\.load\\s{0,2}\\((?![^)\\n]{0,80}?(?:safe|csafe))[^)\\n]{1,80}\\)|\\bunserialize\\s{0,2}\\(\\s{0,2}\\$_|\\bmarshal\\.load\\s{0,2}\\(\\s{0,2}(?:params|request|cookies)|new objectinputstream\\s{0,2}\\([^;\\n]{0,80}?(?:request|socket|getinputstream)|new binaryformatter\\s{0,2}\\(\\s{0,2}\\)`,
    ),
    examples: [
      'obj = pickle.loads(request.data)',
      'config = yaml.load(text)',
      'unserialize($_COOKIE["cart"])',
      'new ObjectInputStream(socket.getInputStream())',
    ],
    counterExamples: ['yaml.safe_load(text)', 'yaml.load(text, Loader=yaml.SafeLoader)', 'json.loads(request.data)'],
  }),
  insecure('html.input', {
    severity: 'medium',
    confidence: 0.65,
    description: 'Input from outside is written into a page as it is',
    words: [
      [
        'innerhtml',
        'outerhtml',
        'document',
        'dangerouslysetinnerhtml',
        'echo',
        'print',
        'insertadjacenthtml',
        'html_safe',
        'raw',
        'render_template_string',
        'mark_safe',
        'markup',
        'v-html',
        'params',
      ],
    ],
    pattern: pattern(
      `(?:\\.(?:inner|outer)html\\s{0,2}\\+?=|document\\.write(?:ln)?\\s{0,2}\\(|insertadjacenthtml\\s{0,2}\\(|dangerouslysetinnerhtml\\s{0,2}=|\\becho\\b|\\bprint\\b|mark_safe\\s{0,2}\\(|markup\\s{0,2}\\(|render_template_string\\s{0,2}\\()(?![^;\\n]{0,80}?(?:escape|sanitize|purify|htmlspecialchars|htmlentities|encode))[^;\\n]{0,80}?(?:${INPUT}|params\\b)(?<!input\\s{0,2}\\()`,
    ),
    examples: [
      'el.innerHTML = location.hash.slice(1)',
      'echo "Hello " . $_GET["name"];',
      'document.write(document.referrer)',
      'render_template_string(request.args.get("t"))',
    ],
    counterExamples: ['el.textContent = location.hash', 'echo htmlspecialchars($_GET["name"]);'],
  }),
  insecure('path.input', {
    severity: 'medium',
    confidence: 0.65,
    description: 'Input from outside chooses a file',
    words: [
      [
        'open',
        'readfile',
        'readfilesync',
        'sendfile',
        'send_file',
        'include',
        'require',
        'file_get_contents',
        'fopen',
        'file',
        'createreadstream',
        'writefile',
        'files',
      ],
    ],
    pattern: pattern(
      `\\b(?:open|readfile(?:sync)?|sendfile|send_file|include(?:_once)?|require(?:_once)?|file_get_contents|fopen|createreadstream|writefile(?:sync)?|new file|ioutil\\.readfile)\\s{0,2}\\(?[^;)\\n]{0,80}?(?:req(?:uest)?\\.(?:body|query|params|args|form|get|values)|\\$_(?:get|post|request|cookie)\\b|getparameter\\s{0,2}\\(|r\\.(?:url\\.query|formvalue))`,
    ),
    examples: [
      'open("uploads/" + request.args["f"])',
      'res.sendFile(req.query.path)',
      'include($_GET["page"]);',
      'new File(dir, request.getParameter("f"))',
    ],
    counterExamples: ['open("config.json")', 'app.get("/files/:id", (req, res) => res.send("no"))'],
  }),
  insecure('crypto.weak', {
    severity: 'low',
    confidence: 0.6,
    description: 'A password is hashed, or a text encrypted, by a broken method',
    words: [
      ['md5', 'sha1', 'des', 'rc4', 'ecb', 'aes', 'modes', 'hashlib', 'createhash', 'cipher', 'messagedigest', 'createcipher'],
    ],
    pattern:
      /\b(?:hashlib\.)?(?:md5|sha1)\s{0,2}\([^)\n]{0,40}?(?:password|passwd|pwd)|createhash\s{0,2}\(\s{0,2}["'](?:md5|sha1)["']\s{0,2}\)[^\n]{0,60}?(?:password|passwd|pwd)|cipher\.getinstance\s{0,2}\(\s{0,2}"(?:des|rc4|aes(?:\/ecb[^"]{0,30})?)"|\b(?:aes\.)?mode_ecb\b|modes\.ecb\s{0,2}\(|createcipher\s{0,2}\(|\bdes\.new\s{0,2}\(/gu,
    examples: [
      'hash = hashlib.md5(password.encode()).hexdigest()',
      "createHash('sha1').update(password).digest('hex')",
      'Cipher.getInstance("AES/ECB/PKCS5Padding")',
      'AES.new(key, AES.MODE_ECB)',
    ],
    counterExamples: ['hashlib.md5(open(path, "rb").read()).hexdigest()', "createHash('sha256').update(body)"],
  }),
  insecure('jwt.unverified', {
    severity: 'medium',
    confidence: 0.7,
    description: 'A token is read without its signature being verified',
    words: [['jwt', 'verify_signature', 'verify', 'algorithms', 'algorithm', 'alg', 'none']],
    pattern:
      /verify_signature["']?\s{0,2}[:=]\s{0,2}false|jwt\.decode\s{0,2}\([^)\n]{0,80}?verify\s?=\s?false|algorithms?["']?\s{0,2}[:=]\s{0,2}\[?\s{0,2}["']none["']/gu,
    examples: ['jwt.decode(token, options={"verify_signature": False})', 'jwt.verify(token, "", { algorithms: ["none"] })'],
    counterExamples: ['jwt.verify(token, key, { algorithms: ["RS256"] })'],
  }),
  insecure('memory.unbounded', {
    severity: 'medium',
    confidence: 0.6,
    description: 'C code that writes without a bound',
    words: [['gets', 'strcpy', 'strcat', 'sprintf', 'scanf', 'vsprintf']],
    pattern:
      /(?:^|[\s;{(=])(?:gets\s?\(\s?[a-z_]\w{0,40}\s?\)|(?:strcpy|strcat)\s?\(\s?[a-z_]\w{0,40}\s?,\s?(?:argv|input|user|getenv|optarg|buf|src|s\b|str\b)|scanf\s?\(\s?"%s")/gu,
    examples: ['char buf[16]; gets(buf);', 'strcpy(name, argv[1]);', 'scanf("%s", word);'],
    counterExamples: ['fgets(buf, sizeof buf, stdin);', 'He gets (as we saw) a prize.', 'scanf("%15s", word);'],
  }),
  insecure('config.open', {
    severity: 'low',
    confidence: 0.5,
    description: 'A server or a file that is opened to everybody',
    words: [
      ['debug', 'chmod', 'access-control-allow-origin', 'access', 'cors', 'allow_origins', 'allow', 'permissions', 'publicly'],
    ],
    pattern:
      /\bapp\.run\s?\([^)\n]{0,80}?debug\s?=\s?true|\bchmod\s{1,8}(?:-r\s{1,8})?0?777\b|allow_origins\s?=\s?\[\s?["']\*["']\s?\][^)]{0,120}?allow_credentials\s?=\s?true|os\.chmod\s?\([^)\n]{0,60}?0o?777/gu,
    examples: [
      'app.run(host="0.0.0.0", debug=True)',
      'chmod -R 777 /var/www',
      'CORSMiddleware(app, allow_origins=["*"], allow_credentials=True)',
    ],
    counterExamples: ['chmod 755 script.sh', 'app.run(debug=False)'],
  }),
]
