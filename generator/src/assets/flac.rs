//! Samples as FLAC, losslessly, and back. What FLAC has no field for stands in a comment block: the name, and the length
//! where that is below the shortest stream.

use songwalker_schemas::asset::{MAX_SAMPLE_FRAMES, SampleAsset};

use crate::package::flac::{SHORTEST_FRAMES, encode_samples};

/// Tag of the name.
const TITLE: &str = "TITLE";
/// Tag of the number of sample frames, where silence was added behind them.
const FRAMES: &str = "FRAMES";

/// The file of a sample.
pub(super) fn encode(asset: &SampleAsset) -> Result<Vec<u8>, String> {
    let channels = if asset.right.is_some() { 2 } else { 1 };
    let mut samples: Vec<i32> = match &asset.right {
        Some(right) => asset
            .left
            .iter()
            .zip(right)
            .flat_map(|(l, r)| [i32::from(*l), i32::from(*r)])
            .collect(),
        None => asset.left.iter().copied().map(i32::from).collect(),
    };
    samples.resize(samples.len().max(channels * SHORTEST_FRAMES), 0);
    let stream = encode_samples(&samples, channels, asset.sample_rate).map_err(|error| error.to_string())?;
    let mut tags = vec![format!("{TITLE}={}", asset.name)];
    if asset.left.len() < SHORTEST_FRAMES {
        tags.push(format!("{FRAMES}={}", asset.left.len()));
    }
    with_tags(&stream, &tags).ok_or_else(|| "the encoder wrote no stream information".to_owned())
}

/// The stream with a comment block (RFC 9639 §8.6) behind its stream information.
fn with_tags(stream: &[u8], tags: &[String]) -> Option<Vec<u8>> {
    const LAST: u8 = 0x80;
    const COMMENT: u8 = 4;
    let mut body = vec![0; 4];
    body.extend((tags.len() as u32).to_le_bytes());
    for tag in tags {
        body.extend((tag.len() as u32).to_le_bytes());
        body.extend(tag.as_bytes());
    }
    let (head, rest) = stream.split_at_checked(42)?;
    let last = head[4] & LAST;
    let mut file = head.to_vec();
    file[4] &= !LAST;
    file.push(COMMENT | last);
    file.extend(&(body.len() as u32).to_be_bytes()[1..]);
    file.extend(body);
    file.extend(rest);
    Some(file)
}

/// The sample in a file; whatever the file holds, memory stays bounded.
pub(super) fn decode(bytes: &[u8]) -> Result<SampleAsset, String> {
    let mut reader = claxon::FlacReader::new(bytes).map_err(|error| error.to_string())?;
    let info = reader.streaminfo();
    if info.bits_per_sample != 16 || !(1..=2).contains(&info.channels) {
        return Err(format!(
            "{} channels of {} bits, must be 1 or 2 of 16",
            info.channels, info.bits_per_sample
        ));
    }
    let tag = |name: &str| reader.get_tag(name).next().map(str::to_owned);
    let name = tag(TITLE).unwrap_or_default();
    let frames = match tag(FRAMES) {
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|frames| *frames < SHORTEST_FRAMES)
            .ok_or_else(|| format!("a length of {text} sample frames"))?,
        None => MAX_SAMPLE_FRAMES,
    };
    let channels = info.channels as usize;
    let mut split: [Vec<i16>; 2] = Default::default();
    for (i, sample) in reader
        .samples()
        .take(channels * (MAX_SAMPLE_FRAMES + 1))
        .enumerate()
    {
        let sample = sample.map_err(|error| error.to_string())?;
        split[i % channels].push(sample as i16);
    }
    if frames < SHORTEST_FRAMES {
        split.iter_mut().for_each(|channel| channel.truncate(frames));
    }
    let [left, right] = split;
    let asset = SampleAsset {
        name,
        sample_rate: info.sample_rate,
        left,
        right: (channels == 2).then_some(right),
    };
    asset.check().map_err(|faults| faults.to_string())?;
    Ok(asset)
}
