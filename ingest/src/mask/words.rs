//! Words that tell names from everything else.

use std::collections::HashSet;
use std::sync::LazyLock;

fn words(list: &'static str) -> HashSet<&'static str> {
    list.split_whitespace().collect()
}

/// Names that are everyday words of a support desk, too.
pub(super) static EVERYDAY: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "an amber april art august autumn bell bill black blue brown camp case chance chase christmas clay
        cliff cook cotton crystal dale day dean do faith field forest frank glen grace grant gray green grey
        guy hall heather hill holly hope hunter ivy jade jean jersey joy june king lake lane little long
        major mark max may miles mercy mille moss my north olive page park parka pat pearl penny price ray
        read red rich river rob rock rose ruby rusty sandy sage say short skye sky small so star stone
        strong sue summer violet wade ward west white will wood woods young",
    )
});

/// What stands where a name could stand, and is none.
pub(super) static NO_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "a about actually afraid after again agent all already also always and another any anyone at aware
        back bad because been both but can checking chat confused could curious currently customer customers
        delivered did dear disappointed does done enjoy even every everyone exchange fine folks for friend
        from getting glad going gone good great guys happy has have having he hello help her here hey hi his
        how however i if in interested is it its just let like looking madam maybe me missing more much near
        need new no none not now of off ok okay on once one only or order our out perfect planning please
        product quite ready really regards return right sad satisfied service she shopping sir size some
        sorry still stuck store such super support sure sweet team thank thanks that the their then there
        they thinking this tired today together tomorrow too tout très trying tonight unable unfortunately
        up upset us using very waiting was we welcome well what when where which who why with without
        wondering worried writing wrong yes yet you your yours monday tuesday wednesday thursday friday
        saturday sunday january february march july september october november december canada america
        medium large express standard christmas easter beaucoup bonjour merci madame monsieur bien avance
        voraus sehr geehrte geehrter damen herren frau herr mr mrs ms miss dr best kind warm cheers
        sincerely love everybody mate buddy anyway",
    )
});

/// Parts of names that are no names alone.
pub(super) static PARTICLES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| words("de da di du des del della van von der den la le el bin st"));

/// Words before a name.
pub(super) static BEFORE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "hi hello hey dear thanks you is i'm i’m im am bonjour merci hallo mr mrs ms miss regards best cheers
        sincerely cordialement name",
    )
});
