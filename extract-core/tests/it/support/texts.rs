//! Texts in several languages and notations, for measurements of tokens.

/// The texts, by language.
pub(crate) const PROSE: [(&str, &str); 17] = [
    (
        "English",
        "We visited the new office on Monday. Two rooms on the second floor are still being painted, and the meeting room has no projector yet. The landlord promised that everything would be finished by the fifteenth of March. Until then, the team of Ms Keller will work from home, and visitors should be received in the old building across the street.",
    ),
    (
        "German",
        "Am Montag haben wir das neue Büro besichtigt. Zwei Räume im zweiten Stock werden noch gestrichen, und im Besprechungszimmer fehlt der Projektor. Der Vermieter hat zugesagt, dass alle Arbeiten bis zum fünfzehnten März abgeschlossen sind. Bis dahin arbeitet die Abteilung von Frau Keller zu Hause, und Besucher werden im alten Gebäude gegenüber empfangen.",
    ),
    (
        "French",
        "Lundi, nous avons visité le nouveau bureau. Deux pièces du deuxième étage sont encore en cours de peinture et la salle de réunion n'a pas encore de projecteur. Le propriétaire a promis que tout serait terminé avant le quinze mars. D'ici là, l'équipe de madame Keller travaillera à domicile et les visiteurs seront reçus dans l'ancien bâtiment.",
    ),
    (
        "Spanish",
        "El lunes visitamos la nueva oficina. Dos habitaciones de la segunda planta todavía se están pintando y la sala de reuniones aún no tiene proyector. El propietario prometió que todo estaría listo antes del quince de marzo. Hasta entonces, el equipo de la señora Keller trabajará desde casa y las visitas se recibirán en el edificio antiguo.",
    ),
    (
        "Polish",
        "W poniedziałek obejrzeliśmy nowe biuro. Dwa pokoje na drugim piętrze są jeszcze malowane, a w sali konferencyjnej nie ma rzutnika. Właściciel obiecał, że wszystko będzie gotowe do piętnastego marca. Do tego czasu zespół pani Keller będzie pracował z domu, a goście będą przyjmowani w starym budynku po drugiej stronie ulicy.",
    ),
    (
        "Turkish",
        "Pazartesi günü yeni ofisi gezdik. İkinci kattaki iki oda hâlâ boyanıyor ve toplantı odasında henüz projektör yok. Ev sahibi, her şeyin on beş Mart'a kadar biteceğine söz verdi. O zamana kadar Keller Hanım'ın ekibi evden çalışacak, ziyaretçiler ise caddenin karşısındaki eski binada karşılanacak.",
    ),
    (
        "Vietnamese",
        "Hôm thứ hai chúng tôi đã đến xem văn phòng mới. Hai phòng ở tầng hai vẫn đang được sơn và phòng họp chưa có máy chiếu. Chủ nhà hứa rằng mọi việc sẽ xong trước ngày mười lăm tháng ba. Cho đến lúc đó, nhóm của bà Keller sẽ làm việc tại nhà và khách sẽ được tiếp ở tòa nhà cũ bên kia đường.",
    ),
    (
        "Russian",
        "В понедельник мы осмотрели новый офис. Две комнаты на втором этаже ещё красят, а в переговорной пока нет проектора. Владелец пообещал, что все работы будут закончены до пятнадцатого марта. До этого времени отдел госпожи Келлер будет работать из дома, а посетителей будут принимать в старом здании через дорогу.",
    ),
    (
        "Ukrainian",
        "У понеділок ми оглянули новий офіс. Дві кімнати на другому поверсі ще фарбують, а в переговорній поки немає проєктора. Власник пообіцяв, що всі роботи закінчать до п'ятнадцятого березня. До цього часу відділ пані Келлер працюватиме з дому, а відвідувачів прийматимуть у старій будівлі навпроти.",
    ),
    (
        "Greek",
        "Τη Δευτέρα επισκεφτήκαμε το νέο γραφείο. Δύο δωμάτια στον δεύτερο όροφο βάφονται ακόμη και η αίθουσα συσκέψεων δεν έχει προβολέα. Ο ιδιοκτήτης υποσχέθηκε ότι όλα θα έχουν τελειώσει μέχρι τις δεκαπέντε Μαρτίου.",
    ),
    (
        "Arabic",
        "زرنا المكتب الجديد يوم الاثنين. لا تزال غرفتان في الطابق الثاني قيد الطلاء، ولا يوجد جهاز عرض في قاعة الاجتماعات بعد. وعد المالك بأن ينتهي كل شيء قبل الخامس عشر من مارس. وحتى ذلك الحين سيعمل فريق السيدة كيلر من المنزل.",
    ),
    (
        "Hebrew",
        "ביום שני ביקרנו במשרד החדש. שני חדרים בקומה השנייה עדיין נצבעים, ובחדר הישיבות אין עדיין מקרן. בעל הבית הבטיח שהכול יסתיים עד חמישה עשר במרץ. עד אז יעבוד הצוות של גברת קלר מהבית.",
    ),
    (
        "Hindi",
        "सोमवार को हमने नया कार्यालय देखा। दूसरी मंज़िल के दो कमरों में अभी रंगाई चल रही है और बैठक कक्ष में प्रोजेक्टर नहीं है। मालिक ने वादा किया है कि सब कुछ पंद्रह मार्च तक पूरा हो जाएगा। तब तक टीम घर से काम करेगी।",
    ),
    (
        "Thai",
        "เมื่อวันจันทร์เราไปดูสำนักงานใหม่ ห้องสองห้องบนชั้นสองยังทาสีอยู่ และห้องประชุมยังไม่มีเครื่องฉาย เจ้าของสัญญาว่าทุกอย่างจะเสร็จก่อนวันที่สิบห้ามีนาคม ระหว่างนั้นทีมงานจะทำงานจากที่บ้าน",
    ),
    (
        "Chinese",
        "星期一我们参观了新办公室。二楼的两个房间还在粉刷，会议室里还没有投影仪。房东答应三月十五日之前全部完工。在那之前，凯勒女士的团队将在家办公，来访者请到街对面的旧楼接待。",
    ),
    (
        "Japanese",
        "月曜日に新しい事務所を見学しました。二階の二部屋はまだ塗装中で、会議室にはプロジェクターがありません。大家さんは三月十五日までにすべて終わると約束してくれました。それまでケラーさんのチームは在宅で仕事をします。",
    ),
    (
        "Korean",
        "월요일에 새 사무실을 둘러보았습니다. 이층의 방 두 개는 아직 칠하는 중이고 회의실에는 프로젝터가 없습니다. 건물 주인은 삼월 십오일까지 모두 끝내겠다고 약속했습니다. 그때까지 켈러 씨의 팀은 집에서 일합니다.",
    ),
];

/// Returns texts in other notations.
pub(crate) fn notations() -> Vec<(&'static str, String)> {
    let rows = |row: fn(usize) -> String| (0..60).map(row).collect::<String>();
    vec![
        ("Rust", include_str!("../../../src/cache/file.rs").to_owned()),
        (
            "table of numbers",
            rows(|n| {
                format!(
                    "{},{}.{:02},2026-03-{:02},{}\n",
                    500 + n * 13,
                    n,
                    n,
                    n % 28 + 1,
                    n * n * 71
                )
            }),
        ),
        (
            "JSON",
            rows(|n| {
                format!(
                    "{{\"id\":{n},\"name\":\"Chair {n}\",\"price\":{}.5,\"tags\":[\"wood\",\"oak\"],\"in_stock\":true}},",
                    n * 3
                )
            }),
        ),
        (
            "indented JSON",
            rows(|n| {
                format!(
                    "  {{\n    \"id\": {n},\n    \"customer\": \"Ada Ross\",\n    \"paid\": null\n  }},\n"
                )
            }),
        ),
        (
            "JSON Schema",
            rows(|n| {
                format!(
                    "\"field_{n}\":{{\"type\":\"string\",\"description\":\"The name of the customer, as it is written.\",\"maxLength\":40}},"
                )
            }),
        ),
        (
            "HTML",
            rows(|n| {
                format!(
                    "<tr class=\"row\"><td id=\"c{n}\">Chair</td><td align=\"right\">{n}.00&nbsp;EUR</td></tr>\n"
                )
            }),
        ),
        (
            "Markdown",
            rows(|n| {
                format!("- **Item {n}**: see [the page](https://example.org/items/{n}?view=all)\n")
            }),
        ),
        (
            "log",
            rows(|n| {
                format!(
                    "2026-03-{:02}T10:{n:02}:07.113Z WARN http::retry status=429 wait=1.5s\n",
                    n % 28 + 1
                )
            }),
        ),
    ]
}
