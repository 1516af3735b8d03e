/** Demo conversations of daily life: travel, writing, learning, a home server, batch jobs. Tables of texts, so longer than most files. */
import type { Agent } from './scene.ts'

export const travelPlanner: Agent = {
  id: 'travel-planner',
  api: 'openai-chat',
  models: ['gpt-4.1', 'gpt-5-mini', 'gpt-4o-mini'],
  system:
    'You plan journeys by train and on foot for people who like to take their time. Check trains and weather with the tools, answer in the language of the traveller, and never book without a clear yes.',
  tools: [
    { name: 'search_trains', description: 'Connections between two cities on a day', parameters: ['from', 'to', 'date'] },
    { name: 'get_weather', description: 'Forecast for a city', parameters: ['city', 'date'] },
    { name: 'book_hotel', description: 'Reserve a room', parameters: ['city', 'nights', 'guests', 'name'] },
  ],
  streamShare: 0.9,
  tenants: [null, 'harbor-travel', 'harbor-travel'],
  users: ['guest-mara', 'guest-tomas', 'guest-aiko', 'guest-nadia'],
  tags: { env: 'production', team: 'journeys', experiment: 'slow-travel-b' },
  scenes: [
    [
      {
        user: 'We are {guests} friends and want a long weekend between {city} and {otherCity}, by train, leaving on {day}.',
        uses: [
          [
            {
              tool: 'search_trains',
              arguments: { from: '{otherCity}', to: '{city}', date: 'next {day}' },
              result: '08:12 direct 5h40, 12:05 one change 6h10',
            },
            {
              tool: 'get_weather',
              arguments: { city: '{city}', date: 'next {day}' },
              result: 'dry, 14 to 19 degrees, light wind',
            },
          ],
        ],
        answer:
          'Lovely plan! Take the 08:12 from {otherCity}: direct, and in {city} by early afternoon. It stays dry with up to 19 degrees, so I would walk along the water on the first evening, keep the museums for the ' +
          'second morning, and leave the third day open. Shall I look for rooms for {guests}?',
      },
      {
        user: 'Yes, two nights, under the name {person}.',
        uses: [
          [
            {
              tool: 'book_hotel',
              arguments: { city: '{city}', nights: '2', guests: '{guests}', name: '{person}' },
              result: '{"reservation":"H-{ticket}","hotel":"Pension Linde","held_until":"18:00"}',
            },
          ],
        ],
        answer:
          'Two nights at Pension Linde are held for you, {person}, until six this evening. The reservation is H-{ticket}; you pay on the spot.',
      },
    ],
    [
      {
        user: 'Ich möchte mit meiner Mutter ein paar Tage ans Meer. Sie geht nicht mehr gut zu Fuß. Was schlägst du vor?',
        answer:
          'Wie schön! Ich würde einen Ort nehmen, in dem Bahnhof, Unterkunft und Wasser nah beieinander liegen. Zum Beispiel eine kleine Stadt an der Ostsee mit einer ebenen Promenade: morgens Kaffee mit Blick aufs Wasser, mittags ' +
          'eine Fahrt mit dem Ausflugsdampfer, abends Fisch im Hafen. Soll ich nach Zimmern im Erdgeschoss schauen?',
      },
      {
        user: 'Ja, bitte. Und wie kommen wir mit wenig Umsteigen hin?',
        answer:
          'Am Vormittag fährt ein durchgehender Zug; die Einstiegshilfe melde ich gern für euch an. Ihr braucht nur zwanzig Minuten vorher am Gleis zu sein.',
      },
    ],
    [
      {
        user: '京都で紅葉が一番きれいな朝の散歩コースを教えてください。人が少ないところがいいです。',
        answer:
          '朝の七時ごろ、東山のふもとから小さな寺をつなぐ道がおすすめです。川沿いを北へ歩き、坂の途中の茶店で一休みしてから、竹林の裏道を戻ります。二時間ほどで、人通りもまだ少ない時間です。',
      },
      {
        user: '雨が降ったらどうしますか。',
        answer: '雨の朝は苔の庭がいちばん美しいです。傘を持って、屋根のある回廊のお寺をゆっくり回りましょう。',
      },
    ],
    [
      {
        user: 'On voudrait trois jours à {city} avec deux enfants de six et neuf ans. Pas trop de musées !',
        uses: [[{ tool: 'get_weather', arguments: { city: '{city}', date: 'ce week-end' }, result: 'soleil, 16 à 21 degrés' }]],
        answer:
          'Il fera beau, alors dehors ! Le premier jour : le port et une glace face aux bateaux. Le deuxième : une balade à vélo sur la voie verte, pique-nique compris. Le troisième : le marché le matin, puis le petit train jusqu’à la plage. ' +
          'Un seul musée, celui des marionnettes, si une averse arrive.',
      },
    ],
  ],
}

export const writingDesk: Agent = {
  id: 'writing-desk',
  api: 'anthropic',
  models: ['claude-haiku-4-5', 'claude-haiku-4-5', 'claude-sonnet-5'],
  system:
    'You help people say what they mean. Keep their voice, cut what is not needed, and answer in the language of the text unless asked for another one.',
  tools: [],
  streamShare: 0.85,
  tenants: [null, 'quill-studio'],
  users: ['writer-lucia', 'writer-emil', 'writer-oluwaseun'],
  tags: { env: 'production', team: 'editorial', feature: 'rewrite' },
  scenes: [
    [
      {
        user: 'Make this kinder, please: "You forgot the report again. Send it today or I will tell {person}."',
        answer:
          '“Hi, I am still missing the report. Could you send it today? If something is in the way, tell me, and we will find a solution together with {person}.”',
      },
      {
        user: 'A little less sweet.',
        answer: '“Hi, the report is still missing. I need it today. If that does not work, please tell me by noon.”',
      },
    ],
    [
      {
        user: 'Traduza para português do Brasil: "Our bakery opens at six. The bread is baked in the night, and what is left in the evening goes to our neighbours."',
        answer:
          'Nossa padaria abre às seis. O pão é assado durante a noite, e o que sobra no fim do dia vai para os nossos vizinhos.',
      },
      {
        user: 'Agora em um tom mais poético.',
        answer:
          'Às seis, a porta se abre ainda cheirando a noite. O pão nasceu enquanto a cidade dormia, e o que a tarde não levou, os vizinhos levam.',
      },
    ],
    [
      {
        user: 'اكتب لي رسالة شكر قصيرة لجاري الذي اعتنى بقطتي أثناء سفري.',
        answer:
          'جاري العزيز، شكرًا من القلب لأنك اعتنيت بقطتي وأنا بعيد. عدت فوجدتها سعيدة ومدللة، وهذا كله بفضلك. أنتظرك على فنجان قهوة متى شئت.',
      },
    ],
    [
      {
        user: '请把这句话改得更自然一些：“我们非常抱歉地通知您，您的包裹由于天气的原因发生了延迟。”',
        answer: '“很抱歉，受天气影响，您的包裹会晚一些送到。”',
      },
      {
        user: '再加上一句安慰的话。',
        answer: '“很抱歉，受天气影响，您的包裹会晚一些送到。我们会一直盯着，一有消息马上告诉您。”',
      },
    ],
    [
      {
        user: 'Give me five names for a choir that only sings songs about rain.',
        answer: '1. The Umbrella Section\n2. Puddle in G\n3. Forty Per Cent Chance\n4. Drizzle and Bass\n5. The Gutter Choir',
      },
    ],
    [
      {
        user: 'Here are the notes of our meeting. What was decided, and who does what?\n\n{transcript}',
        answer:
          '**Decided**\n- The migration runs on Sunday; the window is long enough.\n- The smaller change ships first.\n- Nobody deploys after four on the day of the fair.\n\n**Who does what**\n- The follow-up with the warehouse is taken.\n- The agency sends the last two languages on ' +
          'Tuesday.\n\n**Open**\n- Why the battery test failed once in forty runs.',
      },
    ],
  ],
}

export const tutor: Agent = {
  id: 'tutor',
  api: 'openai-chat',
  models: ['gpt-6-luna', 'gpt-5-mini'],
  system:
    'You are a patient tutor. Never give the solution at once: ask one small question that leads there, and praise only what is right.',
  tools: [],
  streamShare: 1,
  tenants: [null, 'lumen-support'],
  users: ['pupil-7', 'pupil-12', 'pupil-23'],
  tags: { env: 'staging', team: 'learning', grade: '8' },
  scenes: [
    [
      {
        user: 'I do not get why minus times minus is plus.',
        thinking: 'Start from something they can see: owing money, or a film played backwards.',
        answer:
          'Good question, most people only learn it by heart. Imagine a film of someone walking backwards. What do you see when you play the film backwards, too?',
      },
      {
        user: 'He walks forwards?',
        answer:
          'Exactly. Walking backwards is one minus, playing backwards is the other. Now try it with numbers: what could −3 times −2 be?',
      },
      { user: '6!', answer: 'Yes, six, and with a plus. Can you tell me in your own words why?' },
      {
        user: 'Because turning around twice looks forward again.',
        answer: 'I could not say it better. That is the whole secret.',
      },
    ],
    [
      {
        user: 'भिन्नों को जोड़ना मुझे मुश्किल लगता है। 1/2 + 1/3 कैसे करूँ?',
        answer: 'चलो पिज़्ज़ा के टुकड़ों से सोचते हैं। अगर एक पिज़्ज़ा छह बराबर टुकड़ों में कटा हो, तो आधा पिज़्ज़ा कितने टुकड़े होगा?',
      },
      { user: 'तीन टुकड़े।', answer: 'बिल्कुल सही! और एक तिहाई? दोनों को जोड़कर देखो।' },
    ],
    [
      {
        user: 'Işık hızı neden aşılamıyor?',
        thinking: 'Bir soru ile başlamak daha iyi.',
        answer:
          'Güzel soru! Bir şeyi hızlandırmak için ona enerji verirsin. Peki hız arttıkça aynı miktarda hızlanmak için gereken enerji hep büyürse sonunda ne olur?',
      },
      {
        user: 'Sonsuz enerji gerekir.',
        answer:
          'Tam olarak öyle: kütlesi olan hiçbir şey için sonsuz enerji bulunamaz, bu yüzden sınıra yaklaşılır ama ulaşılmaz.',
      },
    ],
    [
      {
        user: 'Dlaczego niebo jest niebieskie, a zachód słońca czerwony?',
        answer: 'Zacznijmy od pytania: kiedy światło ma dłuższą drogę przez powietrze, w południe czy wieczorem?',
      },
      {
        user: 'Wieczorem, bo słońce jest nisko.',
        answer: 'Świetnie. Niebieskie światło rozprasza się najmocniej, więc po długiej drodze zostaje głównie czerwone.',
      },
    ],
  ],
}

export const invoiceReader: Agent = {
  id: 'invoice-reader',
  api: 'openai-chat',
  models: ['gpt-4o', 'gpt-4o-mini'],
  system:
    'Read the picture of a document and answer with its fields. Write "unreadable" for what you cannot read; never guess an amount.',
  tools: [
    {
      name: 'save_fields',
      description: 'Store the fields of a document',
      parameters: ['supplier', 'total', 'currency', 'iban'],
    },
  ],
  streamShare: 0.1,
  tenants: [null, 'quill-studio'],
  users: ['batch-invoices'],
  tags: { env: 'production', team: 'finance', job: 'nightly' },
  scenes: [
    [
      {
        user: 'Invoice from {city}, scanned on {day}. Which supplier, which total?',
        hasImage: true,
        uses: [
          [
            {
              tool: 'save_fields',
              arguments: {
                supplier: 'Papeterie {person}',
                total: '{amount}',
                currency: 'EUR',
                iban: 'DE89 3704 0044 0532 0130 00',
              },
              result: 'saved',
            },
          ],
        ],
        answer: 'Papeterie {person}, total {amount} euros, payable within 14 days. The stamp in the corner is unreadable.',
      },
    ],
    [
      {
        user: 'What is in this picture, and is the label straight?',
        hasImage: true,
        answer:
          'A plain square of one colour, with no label that I could see. If it is meant to show {item}, the upload may have gone wrong.',
      },
    ],
  ],
}

export const searchIndexer: Agent = {
  id: 'search-indexer',
  api: 'openai-embeddings',
  models: ['text-embedding-3-small'],
  system: '',
  tools: [],
  streamShare: 0,
  tenants: [null, 'lumen-support', 'fieldnotes-lab'],
  users: ['batch-index'],
  tags: { env: 'production', team: 'search', job: 'reindex' },
  scenes: [
    [
      { user: 'How to descale the espresso grinder and its hopper', answer: '' },
      { user: 'Returning {item} without a receipt', answer: '' },
      { user: 'Opening hours of the shop in {city}', answer: '' },
    ],
    [
      { user: 'Release notes of {product}: saved filters, faster export, fewer clicks', answer: '' },
      { user: '{product} のインストール手順と最初の設定', answer: '' },
    ],
  ],
}

export const nightShift: Agent = {
  id: 'night-shift',
  api: 'ollama-generate',
  models: ['llama3.2'],
  system: 'Answer with one line.',
  tools: [],
  streamShare: 0.2,
  tenants: [null, 'fieldnotes-lab'],
  users: ['batch-night'],
  tags: { env: 'production', team: 'search', job: 'nightly' },
  scenes: [
    [
      {
        user: 'Classify the mood of this review as glad, calm or cross: "The teapot is smaller than I thought, but what tea!"',
        answer: 'glad',
      },
      { user: 'Classify the mood of this review as glad, calm or cross: "Third delivery, third dent."', answer: 'cross' },
      { user: 'Classify the mood of this review as glad, calm or cross: "It is a lamp. It gives light."', answer: 'calm' },
    ],
    [
      {
        user: 'One line about this meeting:\n\n{transcript}',
        answer: 'The migration is set for Sunday, the small change goes first, and the battery test still puzzles everyone.',
      },
    ],
    [
      {
        user: 'Write a title of at most six words for an article about the {animal} in winter.',
        answer: 'Winter Days of the {animal}',
      },
    ],
  ],
}

export const homeServer: Agent = {
  id: 'home-server',
  api: 'ollama-chat',
  models: ['qwen3:8b', 'llama3.2'],
  system: 'You look after a small house. Speak like a friendly neighbour, use the sensors instead of guessing.',
  tools: [
    { name: 'read_sensor', description: 'Value of a sensor', parameters: ['room', 'kind'] },
    { name: 'set_heating', description: 'Set the heating of a room', parameters: ['room', 'celsius'] },
  ],
  streamShare: 0.8,
  tenants: [null],
  users: ['home-freya', 'home-jonas'],
  tags: { env: 'home', team: 'family' },
  scenes: [
    [
      {
        user: 'Is it warm enough in the nursery?',
        thinking: 'Read the sensor of the nursery, then compare with 19 degrees.',
        uses: [
          [{ tool: 'read_sensor', arguments: { room: 'nursery', kind: 'temperature' }, result: '16.8' }],
          [{ tool: 'set_heating', arguments: { room: 'nursery', celsius: '19' }, result: 'ok' }],
        ],
        answer: 'It was a bit fresh in there, under 17 degrees. I have set the heating to 19; in half an hour it will be cosy.',
      },
      {
        user: 'Thank you! And the greenhouse?',
        uses: [[{ tool: 'read_sensor', arguments: { room: 'greenhouse', kind: 'humidity' }, result: '71' }]],
        answer: 'The greenhouse is at 71 per cent humidity. The tomatoes like it, but open the flap around noon.',
      },
    ],
    [
      {
        user: 'What can I cook with leeks, potatoes and a bit of cream?',
        answer:
          'A leek and potato soup! Sweat the leeks slowly in butter, add the potatoes and just enough water to cover them, cook until soft, blend half of it, and stir the cream in at the end. A little nutmeg, and you are done.',
      },
    ],
  ],
}
