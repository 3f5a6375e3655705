//! The words of the pages in each language.

use crate::language::Language;
use crate::pages::PageKind;

/// Title and message.
pub(crate) const fn page(kind: PageKind, language: Language) -> (&'static str, &'static str) {
    let [ask, done, failed, invalid] = pages(language);
    match kind {
        PageKind::Ask => ask,
        PageKind::Done => done,
        PageKind::Failed => failed,
        PageKind::Invalid => invalid,
    }
}

/// The button, and the link to the preferences.
pub(crate) const fn action(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::De => ("Abmelden", "Einstellungen ändern"),
        Language::En => ("Unsubscribe", "Change your preferences"),
        Language::Es => ("Cancelar la suscripción", "Cambiar las preferencias"),
        Language::Fr => ("Se désabonner", "Modifier vos préférences"),
        Language::It => ("Annulla l’iscrizione", "Modifica le preferenze"),
        Language::Nl => ("Afmelden", "Voorkeuren wijzigen"),
        Language::Pl => ("Wypisz się", "Zmień ustawienia"),
        Language::Pt => ("Cancelar a subscrição", "Alterar as preferências"),
    }
}

const fn pages(language: Language) -> [(&'static str, &'static str); 4] {
    match language {
        Language::De => [
            ("Abmelden", "Möchten Sie diese E-Mails nicht mehr erhalten?"),
            ("Sie sind abgemeldet", "Sie erhalten diese E-Mails nicht mehr."),
            ("Das hat nicht geklappt", "Bitte versuchen Sie es in einigen Minuten noch einmal."),
            ("Dieser Link ist nicht gültig", "Bitte verwenden Sie den Link in einer neueren E-Mail."),
        ],
        Language::En => [
            ("Unsubscribe", "Do you want to stop receiving these emails?"),
            ("You are unsubscribed", "You will not receive these emails any more."),
            ("That did not work", "Please try again in a few minutes."),
            ("This link is not valid", "Please use the link in a more recent email."),
        ],
        Language::Es => [
            ("Cancelar la suscripción", "¿Desea dejar de recibir estos correos?"),
            ("Suscripción cancelada", "Ya no recibirá estos correos."),
            ("No ha funcionado", "Vuelva a intentarlo dentro de unos minutos."),
            ("Este enlace no es válido", "Utilice el enlace de un correo más reciente."),
        ],
        Language::Fr => [
            ("Se désabonner", "Souhaitez-vous ne plus recevoir ces e-mails ?"),
            ("Vous êtes désabonné", "Vous ne recevrez plus ces e-mails."),
            ("Cela n’a pas fonctionné", "Veuillez réessayer dans quelques minutes."),
            ("Ce lien n’est pas valide", "Veuillez utiliser le lien d’un e-mail plus récent."),
        ],
        Language::It => [
            ("Annulla l’iscrizione", "Non desidera più ricevere queste e-mail?"),
            ("Iscrizione annullata", "Non riceverà più queste e-mail."),
            ("Non ha funzionato", "Riprovi tra qualche minuto."),
            ("Questo link non è valido", "Utilizzi il link di un’e-mail più recente."),
        ],
        Language::Nl => [
            ("Afmelden", "Wilt u deze e-mails niet meer ontvangen?"),
            ("U bent afgemeld", "U ontvangt deze e-mails niet meer."),
            ("Dat is niet gelukt", "Probeer het over enkele minuten opnieuw."),
            ("Deze link is niet geldig", "Gebruik de link in een recentere e-mail."),
        ],
        Language::Pl => [
            ("Wypisz się", "Czy nie chcesz już otrzymywać tych wiadomości?"),
            ("Wypisano", "Nie będziesz już otrzymywać tych wiadomości."),
            ("Nie udało się", "Spróbuj ponownie za kilka minut."),
            ("Ten odnośnik jest nieprawidłowy", "Użyj odnośnika z nowszej wiadomości."),
        ],
        Language::Pt => [
            ("Cancelar a subscrição", "Deseja deixar de receber estes e-mails?"),
            ("Subscrição cancelada", "Não receberá mais estes e-mails."),
            ("Não foi possível", "Tente novamente dentro de alguns minutos."),
            ("Esta ligação não é válida", "Utilize a ligação de um e-mail mais recente."),
        ],
    }
}
