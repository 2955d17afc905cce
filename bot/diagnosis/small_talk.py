"""What people say beside the error itself: that they have it too, that they are in again, that everything is down."""

import re
import unicodedata
from enum import StrEnum

LONGEST = 60
"""Characters, after what does not count; whoever says more says something else."""


class Said(StrEnum):
    """What a message without an error text says of the trouble."""

    ME_TOO = "me_too"
    IN_AGAIN = "in_again"
    DOWN = "down"
    """That it does not work, and nothing of how."""
    NOTHING = "nothing"


_ME_TOO = """
+1 | ++ | + 1 | plus one | plus 1 | me too | same | same here | same problem | same issue | same error | same thing | samesies | ditto | likewise |
i have it too | i have this too | i have that too | i have the same | i get it too | i get this too | i get the same | getting this too | getting the same |
happens to me too | here too | also here | also me | not only you | not just you | you are not alone | you re not alone | this | this too | ^ | ^^ | x2 | x3 | x4 | x5 | x6 |
x7 | x8 | x9 | x10 | =  | == | idem | seconded | mee too | metoo | us too | our group too | same for us | same for me | same for my group | it s not just you |
igual | igual yo | yo tambien | yo igual | a mi tambien | a mi igual | me pasa igual | me pasa lo mismo | lo mismo | mismo problema | mismo error | tambien | nosotros tambien | x mil |
ich auch | bei mir auch | bei uns auch | dito | gleich hier | gleiches problem | dasselbe | genauso | geht mir auch so |
moi aussi | pareil | pareil ici | pareil pour moi | meme probleme | meme chose | meme erreur | nous aussi | idem ici |
anch io | anche io | anche a me | stesso problema | idem qui | pure io |
eu tambem | mesmo problema | mesma coisa | aqui tambem | tambem |
ja tez | u mnie tez | to samo | ten sam problem | bende de | ben de | ayni sorun | bende de var |
у меня тоже | тоже | и у меня | та же проблема | аналогично | то же самое | у мене теж | теж | така ж проблема |
我也是 | 同样 | 一样 | 我也一样 | 同樣 | 我也遇到了 | 私も | 私もです | 同じ | 同じです | 저도 | 저도요 | 나도 | 나도요 | 同上 |
jag med | samma har | samma problem | likasa | :+1: | :same: | :raised_hand: | :raising_hand: | :point_up: | :point_up_2: | :heavy_plus_sign: | :this:
"""
_IN_AGAIN = """
i m in | im in | i am in | in again | i m in again | i am in again | works | works now | it works | it works now | works again | it works again | working now | working again |
fixed | solved | resolved | all good | all good now | ok now | it s ok now | back | i m back | connected | connected now | it s back | thanks it works | thank you it works |
thanks works now | ya funciona | ya me funciona | ya pude | ya entre | ya esta | listo | solucionado | resuelto | geht wieder | geht jetzt | laeuft wieder | lauft wieder | funktioniert wieder |
es geht wieder | ca marche | ca remarche | c est bon | resolu | funziona | ora funziona | risolto | voltou | funcionou | resolvido | работает | заработало | всё работает | все работает |
可以了 | 好了 | 解决了 | 直りました | 繋がりました | 됩니다 | 이제 돼요 | dziala | juz dziala | calisti | funkar nu | :white_check_mark: | :heavy_check_mark:
"""
_THING = (
    r"(?:db|dbs|database|databases|data base|postgres|postgresql|psql|pgadmin|dbeaver|datagrip|the server|server|classdb|sql server|"
    r"base de datos|bbdd|la base|servidor|el servidor|datenbank|db server|base de donnees|serveur|le serveur|banco de dados|banco|"
    r"baza|veritabani|бд|база|база данных|сервер|数据库|資料庫|服务器|データベース|サーバー|데이터베이스|서버|databasen|servern)"
)
_IS_DOWN = (
    r"(?:down|dead|broken|offline|not working|not responding|unavailable|unreachable|crashed|not up|"
    r"isn t working|doesn t work|does not work|won t connect|will not connect|not connecting|refuses to connect|keeps crashing|hangs|hanging|full|"
    r"caida|caido|se cayo|murio|no funciona|no responde|no conecta|no anda|kaputt|tot|geht nicht|funktioniert nicht|nicht erreichbar|"
    r"en panne|hors service|ne marche pas|ne repond pas|ne fonctionne pas|fora do ar|nao funciona|caiu|giu|non funziona|nie dziala|padla|"
    r"calismiyor|coktu|не работает|упал|упала|лежит|недоступна|недоступен|挂了|崩了|连不上|掛了|落ちて|落ちました|繋がらない|つながらない|"
    r"안돼|안됩니다|죽었|다운|nere|funkar inte)"
)
_CANNOT = (
    r"(?:can t|cannot|can not|cant|unable to|couldn t|could not|nobody can|noone can|no one can|anyone else (?:unable to|who can t|having trouble)|"
    r"no (?:me )?puedo|no me deja|kann (?:mich )?nicht|komme nicht|je (?:n arrive pas a|ne peux pas)|nao consigo|non riesco a|"
    r"не могу|не получается|nie moge|baglanamiyorum)"
    r".{0,20}(?:connect|log ?in|get in|access|reach|conectar|entrar|ingresar|acceder|verbinden|rein|connecter|acceder|conectar|connettermi|"
    r"подключ|войти|polaczyc)"
)
_EDGE = r"(?:\b|(?<=[^\x00-\x7f])|(?=[^\x00-\x7f]))"
_DOWN = re.compile(
    rf"{_THING}{_EDGE}.{{0,25}}{_IS_DOWN}|{_IS_DOWN}.{{0,15}}{_EDGE}{_THING}|{_CANNOT}|{_THING}{_IS_DOWN}"
)
_ABOUT_NOW = 200
"""Characters of a message in which somebody says that it is down; homework and lectures are longer."""
_MENTIONS = re.compile(
    r"<[@#!][^>]{0,100}>|:(?:skin-tone-\d|wave|pray|sob|cry|cold_sweat|joy|thinking_face|angry|rage):"
)
_PLUS = {"\U0001f44d": " :+1: ", "\u2795": "+", "\u261d": " :point_up: ", "\U0001f64b": " :raising_hand: ",
         "\u2705": " :white_check_mark: ", "\u2714": " :heavy_check_mark: ", "\uff0b": "+", "\uff11": "1"}  # fmt: skip


def said(text: str) -> Said:
    """Say what a message without an error text means for the trouble that is talked about."""
    words = _words(text)
    plain = _without_pleasantries(words)
    if len(plain) <= LONGEST:
        if not _ME_TOO_PHRASES.isdisjoint((words, plain)) or _COUNTS.fullmatch(plain):
            return Said.ME_TOO
        if not _IN_AGAIN_PHRASES.isdisjoint((words, plain)):
            return Said.IN_AGAIN
    if len(plain) <= _ABOUT_NOW and _DOWN.search(plain):
        return Said.DOWN
    return Said.NOTHING


def _words(text: str) -> str:
    """Letters without accents, in small; without people and punctuation."""
    for letter, word in _PLUS.items():
        text = text.replace(letter, word)
    text = _MENTIONS.sub(" ", text[: 4 * _ABOUT_NOW])
    # Marks of Latin letters alone: without those of other scripts one letter becomes another.
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    bare = unicodedata.normalize("NFC", re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", decomposed))
    kept = re.sub(r"[^\w+=^: ]", " ", bare.replace("\n", " "))
    return " ".join(word for word in kept.split() if word.strip(":"))


def _without_pleasantries(words: str) -> str:
    return " ".join(_PLEASANT.sub(" ", f" {words} ").split())


_COUNTS = re.compile(r"\+ ?\d{1,3}|x ?\d{1,3}|\++|=+|\^+|(?:\+1 )+\+1")
_STROKES = str.maketrans("\u0142\u0131\u00f8\u0111", "liod")
"""Letters that no normal form takes apart."""
_PLEASANT = re.compile(
    r"(?<= )(?:hi|hey|hello|guys|everyone|all|please|pls|plz|thanks|thank you|lol|ugh|help|yes|yeah|yep|si|ja|oui|hola|also|ok|well|unfortunately|"
    r":(?!\+1:|heavy_|same:|this:|raised_hand:|raising_hand:|point_up|white_check)[a-z0-9_+-]{1,40}:)(?= )"
)


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in re.split(r"[|\n]", text) if phrase.strip())


_ME_TOO_PHRASES = _phrases(_ME_TOO)
_IN_AGAIN_PHRASES = _phrases(_IN_AGAIN)
