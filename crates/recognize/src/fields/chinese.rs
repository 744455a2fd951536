//! Names of fields in Chinese: 住院号, 主治医师.

use crate::{Kind, labelled};

// What names of fields end with; parted by `|`.
const NAMES: &str = "姓名|名字|曾用名|医生|医师|护士|护士长|麻醉师|药师|技师|检验师|科主任|操作员|操作人|创建人|修改人|\
    录入人|录入员|登记人|填报人|报告人|审核人|经办人|联系人|监护人|签名|签字|配偶";

const NUMBERS: &str = "号|号码|编号|单号|条码|条形码|ID|id|QQ|微信|指纹|床位|病床|病房";

/// Who does something, where nothing else stands in a name.
const DOERS: &str = "患者|病人|病员|主诊|接诊|主治|主管|经治|管床|主刀|术者|一助|二助|麻醉";

/// Numbers of things that are many people's.
const COMMON_NUMBERS: &str = "型号|批号|准字|序号|符号|信号|称号|文号|版本号|期号|组号|药品|药物|项目|材料|耗材|科室|病区|机构|\
    疾病|诊断|手术操作|检验项|规格";

const PHONES: &str = "电话|手机|手机号码|电话号码|联系方式|传真";

const PLACES: &str =
    "地址|住址|籍贯|出生地|居住地|所在地|户籍|邮编|邮政编码|学校|雇主|工作地点|经度|纬度";

/// Places whose names are too short to end those of others.
const DIVISIONS: &str =
    "省|省份|市|城市|地市|区|区县|县|县区|街道|乡镇|村|社区|小区|行政区划|来源地";

const DAYS: &str = "日期|时间|生日|出生年月|年月日";

/// What a field's value is, by its name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let ends = |list: &str| list.split('|').any(|end| name.ends_with(end));
    if name.ends_with("年龄") {
        Some(Kind::Age)
    } else if ends(DAYS) {
        Some(Kind::Date)
    } else if let Some(kind) = labelled::kind_of(name) {
        Some(kind)
    } else if ends(NAMES) || DOERS.split('|').any(|doer| name == doer) {
        Some(Kind::Name)
    } else if ends(PHONES) {
        Some(Kind::Phone)
    } else if ends(NUMBERS) && !COMMON_NUMBERS.split('|').any(|thing| name.contains(thing)) {
        Some(Kind::Id)
    } else if ends(PLACES) || DIVISIONS.split('|').any(|division| name == division) {
        Some(Kind::Address)
    } else {
        None
    }
}
