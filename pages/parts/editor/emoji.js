// Emoji by group: the sign, and words to find it by in English and Russian.
const EMOJI = `
😀 grinning happy радость улыбка
😃 smile happy радость улыбка
😄 laughing smile смех улыбка
😁 beaming grin улыбка зубы
😆 laughing squint смех
😅 sweat smile пот неловко
😂 tears of joy laugh смех слёзы
🤣 rolling laugh смех
🙂 slight smile улыбка
🙃 upside down вверх ногами
😉 wink подмигивание
😊 blush smile румянец
😇 angel halo ангел
🥰 love hearts любовь
😍 heart eyes любовь восторг
🤩 star struck восторг звёзды
😘 kiss поцелуй
😋 tasty yum вкусно
😎 cool sunglasses круто очки
🤓 nerd study отличник
🧐 monocle look изучаю
🤔 thinking думаю вопрос
🤨 raised eyebrow сомнение
😐 neutral нейтрально
😴 sleep сон
😌 relieved спокойно
😔 sad pensive грусть
😢 crying tear слеза грусть
😭 sob cry плачу
😤 steam proud пыхтит
😠 angry злость
🤯 mind blown взрыв мозга
😱 scream fear ужас страх
😳 flushed смущение
🥳 party праздник вечеринка
🤗 hug объятия
🤫 quiet shush тише
🤝 handshake рукопожатие договор
👋 wave hello привет пока
👍 thumbs up yes хорошо да
👎 thumbs down no плохо нет
👌 ok хорошо
✌️ victory peace победа
🤞 fingers crossed luck удача
👏 clap applause аплодисменты
🙌 hooray hands ура
🙏 please thanks спасибо пожалуйста
💪 strong muscle сила
👀 eyes look глаза смотри
👉 point right вправо сюда
👈 point left влево
👇 point down вниз ниже
👆 point up вверх выше
☝️ one up первый важно
✍️ writing пишу
🧠 brain мозг
❤️ red heart love сердце любовь
🧡 orange heart сердце
💛 yellow heart сердце
💚 green heart сердце
💙 blue heart сердце
💜 purple heart сердце
🖤 black heart сердце
💔 broken heart сердце
💯 hundred perfect сто
💥 boom взрыв
✨ sparkles new блеск
⭐ star звезда
🌟 glowing star звезда
🔥 fire hot огонь
⚡ lightning fast молния быстро
🎉 party celebrate праздник ура
🎊 confetti праздник
🎁 gift present подарок
🎈 balloon шарик
🎂 cake birthday торт день рождения
🏆 trophy win кубок победа
🥇 gold medal first золото медаль
🥈 silver medal серебро
🥉 bronze medal бронза
🎯 target goal цель
🎓 graduation diploma выпуск диплом
🏫 school школа
📚 books study книги учёба
📖 book read книга чтение
📝 note write task заметка задание
✏️ pencil карандаш
🖊️ pen ручка
📐 ruler линейка
📎 paperclip attach скрепка файл
📌 pin важно булавка
📍 place pin место
📅 calendar date календарь дата
🗓️ calendar schedule расписание календарь
⏰ alarm clock time будильник время
⏳ hourglass wait время ждать
⌛ hourglass done время
🕐 clock hour час
📢 loudspeaker announce объявление
📣 megaphone announce объявление
🔔 bell notify колокольчик уведомление
🔕 bell off mute без звука
💬 message chat сообщение чат
💭 thought мысль
📞 phone call телефон звонок
📱 mobile phone телефон
💻 laptop computer ноутбук компьютер
🖥️ desktop computer компьютер
⌨️ keyboard клавиатура
🎥 camera video видео камера
📹 video видео
📷 photo camera фото
🎬 video clip видео начало
▶️ play start старт
⏸️ pause пауза
🎧 headphones listen наушники
🎤 microphone speak микрофон
🎵 music музыка
🔗 link ссылка
🔒 lock closed замок
🔓 unlock open открыто
🔑 key ключ
🔍 search find поиск
💡 idea lamp идея
🛠️ tools инструменты
⚙️ settings gear настройки
🧩 puzzle task задача пазл
📊 chart результаты график
📈 chart up growth рост график
📉 chart down падение график
💰 money деньги
💳 card pay карта оплата
🛒 cart buy покупка
📦 package box посылка
✉️ letter mail письмо
📧 email почта
📥 inbox входящие
📤 outbox исходящие
📄 page document документ
📁 folder папка
🗂️ files папки
🚀 rocket start launch ракета запуск старт
✈️ plane самолёт
🚗 car машина
🏠 home дом
🏢 office офис
🌍 world земля мир
🌐 web internet интернет
☀️ sun день солнце
🌙 moon night ночь луна
⛅ cloud погода
❄️ snow winter снег зима
🌱 sprout grow росток рост
🌸 blossom spring цветок весна
🌹 rose роза
🌻 sunflower цветок
🍀 clover luck удача
🎄 christmas tree new year ёлка новый год
🐱 cat кот
🐶 dog собака
🐻 bear медведь
🦊 fox лиса
🦉 owl wise сова
🐝 bee пчела
☕ coffee break кофе перерыв
🍵 tea чай
🍎 apple яблоко
🍕 pizza пицца
🍰 dessert cake торт
🍾 champagne шампанское
⚽ football мяч
🎮 game игра
🎲 dice игра случай
🎨 art рисование
✅ done check yes готово да
☑️ checkbox галочка
✔️ check готово
❌ cross no нет ошибка
❎ cross нет
❓ question вопрос
❗ exclamation important важно
‼️ important double важно
⚠️ warning внимание
🚫 forbidden stop запрет
⛔ no entry stop стоп
ℹ️ information информация
🆕 new новое
🆓 free бесплатно
🔝 top лучшее
🔜 soon скоро
🔴 red circle красный
🟠 orange circle оранжевый
🟡 yellow circle жёлтый
🟢 green circle зелёный
🔵 blue circle синий
🟣 purple circle фиолетовый
⚫ black circle чёрный
⚪ white circle белый
🔸 small diamond пункт
🔹 small diamond blue пункт
▪️ square пункт
➡️ arrow right стрелка вправо
⬅️ arrow left стрелка влево
⬇️ arrow down стрелка вниз
⬆️ arrow up стрелка вверх
🔄 repeat refresh повтор
➕ plus add плюс
➖ minus минус
1️⃣ one first один
2️⃣ two second два
3️⃣ three third три
4️⃣ four четыре
5️⃣ five пять
6️⃣ six шесть
7️⃣ seven семь
8️⃣ eight восемь
9️⃣ nine девять
🔟 ten десять
#️⃣ number hash номер
`.trim().split("\n").map((line) => {
  const at = line.indexOf(" ");
  return { sign: line.slice(0, at), words: line.slice(at + 1) };
});
